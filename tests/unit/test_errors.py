from hil.errors import DeviceCrashError, HilError, LinkError


def test_a_line_says_who_what_the_evidence_and_the_remedy() -> None:
    error = LinkError("no frame in 2.0 s", evidence="after 1,204 bytes", remedy="check the cable")
    assert str(error) == "no frame in 2.0 s (after 1,204 bytes); check the cable"
    assert str(error.at("desk-1")) == "desk-1: no frame in 2.0 s (after 1,204 bytes); check the cable"
    assert error.board == "desk-1"


def test_a_line_is_no_longer_than_anybody_reads() -> None:
    error = HilError("what", evidence="x" * 400_000, remedy="do")
    assert str(error).endswith("x… and 398,000 letters more); do")
    assert len(str(error)) < 2_100
    assert error.evidence == "x" * 400_000


def test_the_first_layer_to_name_the_board_is_believed() -> None:
    assert HilError("x", board="a").at("b").board == "a"


def test_a_crash_keeps_its_registers_as_values() -> None:
    error = DeviceCrashError("the firmware crashed", registers={"pc": 0x1234, "cfsr": 0x8200})
    assert error.registers["pc"] == 0x1234
    assert str(error) == "the firmware crashed (pc 0x00001234, cfsr 0x00008200)"
