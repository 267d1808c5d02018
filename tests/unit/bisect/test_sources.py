"""What is seen of a function in C text, without compiling it."""

from __future__ import annotations

import pytest

from hil.bisect.sources import definition_in

TEXT = b"""#include "a.h"
void run(int a); /* declared */
/* void run(int a) { in a comment } */
static int other(void)
{
    if (run(1)) {
        return 2;
    }
    return 0;
}

void run(int a)
{
    for (;;) { a++; } // {
}
"""


def test_a_function_is_its_whole_text() -> None:
    assert definition_in([TEXT], "run") == "voidrun(inta){for(;;){a++;}}"
    assert definition_in([TEXT], "other") == "staticintother(void){if(run(1)){return2;}return0;}"


def test_comments_and_white_space_are_no_change() -> None:
    changed = TEXT.replace(b"a++;", b"/* more */ a++;\n").replace(b"void run(int a)\n{", b"void run(int a) {")
    assert definition_in([changed], "run") == definition_in([TEXT], "run")
    assert definition_in([TEXT.replace(b"a++", b"a--")], "run") != definition_in([TEXT], "run")


def test_functions_of_one_name_in_several_files_are_one_text() -> None:
    assert (
        definition_in([TEXT, b"int run(void)\n{\n}\n"], "run") == "voidrun(inta){for(;;){a++;}}intrun(void){}"
    )


@pytest.mark.parametrize(
    "text", [b"", b"int run = 1;\n", b"int run(void);\n", b"#define run(a) { a }\n", b"\xff\x00"]
)
def test_what_is_no_function(text: bytes) -> None:
    assert definition_in([text], "run") is None


def test_a_text_that_ends_too_early_is_taken_to_its_end() -> None:
    assert definition_in([b"int run(void)\n{ if (1) {"], "run") == "intrun(void){if(1){"
