from hil import provenance


def test_versions_name_the_lab_and_python() -> None:
    assert {"hil", "python", "system"} <= set(provenance.versions())
