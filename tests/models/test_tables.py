from hubpipe.models.tables import parts, tables


def test_a_tables_columns_hold_its_cells() -> None:
    text = "Before\n\n| file | `size` |\n| :--- | ---: |\n| a \\| b | **7** |\n| c.png |\n\nafter"
    assert tables(text) == [{"file": ["a | b", "c.png"], "`size`": ["**7**", ""]}]


def test_tables_in_quotations_and_lists_are_found() -> None:
    assert tables("> | a |\n> | - |\n> | 1 |\n\n- | b |\n  | - |\n  | 2 |\n") == [{"a": ["1"]}, {"b": ["2"]}]


def test_columns_of_one_name_or_none_are_told_apart() -> None:
    assert tables("| a | a | | |\n|-|-|-|-|\n| 1 | 2 | 3 | 4 |\n") == [
        {"a": ["1"], "a 2": ["2"], "column 3": ["3"], "column 4": ["4"]}
    ]


def test_what_has_no_row_or_is_code_is_no_table() -> None:
    assert tables("| a |\n| - |\n") == []
    assert tables("```\n| a |\n| - |\n| 1 |\n```") == []
    assert tables("a | b") == []


def test_a_table_that_is_too_long_is_cut_between_rows() -> None:
    table = {"a": [str(number) for number in range(7)]}
    found = list(parts(table, lambda part: len(part["a"]) <= 3))
    assert [row for part in found for row in part["a"]] == table["a"]
    assert all(len(part["a"]) <= 3 for part in found)
    assert list(parts(table, lambda part: True)) == [table]


def test_a_row_that_never_fits_stands_alone() -> None:
    assert [part["a"] for part in parts({"a": ["x", "y"]}, lambda part: False)] == [["x"], ["y"]]
