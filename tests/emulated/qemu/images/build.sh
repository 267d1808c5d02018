#!/bin/sh -e
# Rebuilds the committed test images: two that differ in name and filling.
cd "$(dirname "$0")"
build() {
    arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -O2 -std=c11 -Wall -Wextra \
        -Wconversion -Werror -ffreestanding -nostdlib -nostartfiles -T ticker.ld -Wl,--build-id=none \
        -Wl,-z,max-page-size=4 -DNAME="\"$1\"" -DFILL="\"$2\"" -o "$1.elf" ticker.c
}
build one 0x11223344
build two 0x55667788
