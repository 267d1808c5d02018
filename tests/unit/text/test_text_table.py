from hil.text.table import table_lines


def test_names_stand_left_and_figures_right() -> None:
    heads, body = ("what", "bytes"), [["a", "9,564"], ["longer", "1"]]
    assert table_lines(heads, body) == ["what    bytes", "------  -----", "a       9,564", "longer      1"]
    assert table_lines(heads, [], rule=False) == ["what  bytes"]
