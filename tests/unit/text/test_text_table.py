from hil.text.table import table_lines


def test_names_stand_left_and_figures_right() -> None:
    heads, body = ("what", "bytes"), [["a", "9,564"], ["longer", "1"]]
    assert table_lines(heads, body) == ["what    bytes", "------  -----", "a       9,564", "longer      1"]
    assert table_lines(heads, [], rule=False) == ["what  bytes"]


def test_other_columns_may_stand_left_and_heads_have_several_lines() -> None:
    heads, body = ("board", "cycles\ndwt", "note"), [["a", "9", "b"], ["longer", "10,000", "slow"]]
    assert table_lines(heads, body, left=(0, -1)) == [
        "board   cycles  note",
        "           dwt",
        "------  ------  ----",
        "a            9  b",
        "longer  10,000  slow",
    ]
