from hubpipe.models.remote.columns import columns, parts
from hubpipe.models.tables import Table

LONG = Table(("a", "b"), tuple((str(number), "x") for number in range(7)))


def test_a_tables_columns_hold_its_cells() -> None:
    assert columns(Table(("file", "size"), (("a", "7"), ("b", "")))) == {"file": ["a", "b"], "size": ["7", ""]}


def test_columns_of_one_name_or_none_are_told_apart() -> None:
    found = columns(Table(("a", "a", "", ""), (("1", "2", "3", "4"),)))
    assert found == {"a": ["1"], "a 2": ["2"], "column 3": ["3"], "column 4": ["4"]}


def test_a_table_that_is_too_long_is_cut_between_rows() -> None:
    found = list(parts(LONG, lambda part: len(part.rows) <= 3))
    assert [row for part in found for row in part.rows] == list(LONG.rows)
    assert all(part.header == ("a", "b") and len(part.rows) <= 3 for part in found)
    assert list(parts(LONG, lambda part: True)) == [LONG]


def test_a_row_that_never_fits_stands_alone() -> None:
    assert [len(part.rows) for part in parts(LONG, lambda part: False)] == [1] * 7
