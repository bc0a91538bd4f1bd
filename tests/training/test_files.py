"""How files of labelled texts become examples."""

import csv
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from hubpipe.errors import UsageError
from hubpipe.models.learned import archive
from hubpipe.models.learned.archive import Archived
from hubpipe.redaction import REDACTED
from hubpipe.training import files
from hubpipe.training.examples import Example
from tests.leaked import LEAKED, holds

HOSTILE = 'He said "no", then C:\\temp\\new;\r\nand a second line\n"'


def write(folder: Path, name: str, data: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def table(folder: Path, rows: list[list[str]], *, escaped: bool = False) -> Path:
    path = folder / "data.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, doublequote=not escaped, escapechar="\\" if escaped else None).writerows(rows)
    return path


def only(path: Path) -> Example:
    (example,) = files.read(path)
    return example


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("data.csv", 'Title,BODY,Label\nCrash,"a, b",bug\n'),
        ("data.csv", b"\xef\xbb\xbf" + b'title,body,label\r\nCrash,"a, b",bug\r\n'),
        ("data.tsv", "title\tbody\tlabel\nCrash\ta, b\tbug\n"),
        ("data.json", '[{"title": "Crash", "body": "a, b", "label": "bug"}]'),
        ("data.json", '{"version": 1, "data": [{"title": "Crash", "text": "a, b", "labels": ["bug"]}]}'),
        ("data.jsonl", '{"title": "Crash", "description": "a, b", "labels": [{"name": "bug"}]}\n\n'),
        ("data", '[{"title": "Crash", "body": "a, b", "labels": "bug"}]'),
        ("data", 'title,body,labels\nCrash,"a, b",bug\n'),
    ],
)
def test_every_form_of_a_file_gives_the_same_example(name: str, data: str | bytes, tmp_path: Path) -> None:
    assert only(write(tmp_path, name, data)) == Example("Crash", "a, b", ("bug",))


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ("bug", ("bug",)),
        ('"bug,ui"', ("bug", "ui")),
        ("bug; ui", ("bug", "ui")),
        ("bug|ui|bug", ("bug", "ui")),
        ('"[""bug"", ""area, ui""]"', ("bug", "area, ui")),
        ("[bug", ("[bug",)),
        ("", ()),
        (" ; ", ()),
        ("\"['bug', 'area, ui']\"", ("bug", "area, ui")),
        ("\"['bug','ui']\"", ("bug", "ui")),
        ("\"[{'name': 'bug', 'default': True}]\"", ("bug",)),
        ("['bug' 'ui']", ("['bug' 'ui']",)),
        ('"[type] bug, [area] ui"', ("[type] bug", "[area] ui")),
        ("[" * 200_000, ("[" * 200_000,)),
        ("[" * 50_000, ("[" * 50_000,)),
        ("[" + "-" * 50_000 + "1]", ("[" + "-" * 50_000 + "1]",)),
    ],
)
def test_labels_stand_in_a_list_or_between_separators(cell: str, labels: tuple[str, ...], tmp_path: Path) -> None:
    assert only(write(tmp_path, "data.csv", f"title,labels\nCrash,{cell}\n")).labels == labels


def test_a_column_of_one_label_keeps_its_comma(tmp_path: Path) -> None:
    assert only(write(tmp_path, "data.csv", 'title,label\nCrash,"area, ui"\n')).labels == ("area, ui",)


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ({"nodes": [{"name": "bug"}, {"name": "ui"}]}, ("bug", "ui")),
        ({"name": "bug"}, ("bug",)),
        (7, ("7",)),
        ([7, {"name": 8}], ("7", "8")),
        (float("nan"), ()),
        ([float("nan"), "bug"], ("bug",)),
        (None, ()),
        ("\ud800bug", ("?bug",)),
        (["\ud800bug"], ("?bug",)),
    ],
)
@pytest.mark.parametrize("key", ["label", "labels"])
def test_labels_of_json_may_be_objects_or_numbers(
    key: str, cell: object, labels: tuple[str, ...], tmp_path: Path
) -> None:
    assert only(write(tmp_path, "data.json", json.dumps([{"title": "a", key: cell}]))).labels == labels


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        (True, "true or false"),
        (False, "true or false"),
        ([None], "null"),
        ([True], "true or false"),
        ([["bug"]], "a list"),
        ([{"title": "bug"}], "an object without a name"),
        ([{"name": None}], "an object without a name"),
        ({"nodes": [None]}, "null"),
        ({"color": "red"}, "an object without a name"),
        ('["bug", null]', "null"),
    ],
)
@pytest.mark.parametrize(("name", "place"), [("data.json", r"data\.json: row 2"), ("data.jsonl", r"data\.jsonl:2")])
def test_what_can_be_no_label_is_said_with_its_place(
    name: str, place: str, cell: object, kind: str, tmp_path: Path
) -> None:
    rows = [json.dumps({"title": "a", "labels": one}) for one in ("bug", cell)]
    data = "\n".join(rows) if name == "data.jsonl" else f"[{','.join(rows)}]"
    with pytest.raises(UsageError, match=f"{place}: labels: {kind} is no label: write a name, a list of names"):
        files.read(write(tmp_path, name, data))


def test_rows_with_a_label_and_rows_with_labels_are_both_read(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"label": "a, b"}, {"labels": "c, d"}, {"label": "a", "labels": ["a", "e"]}]
    path = write(tmp_path, "data.jsonl", "\n".join(json.dumps({"title": "x", **row}) for row in rows))
    assert [set(one.labels) for one in files.read(path)] == [{"a, b"}, {"c", "d"}, {"a", "e"}]


def test_a_column_without_a_name_is_none_that_a_row_lacks(tmp_path: Path) -> None:
    rows = [{"": "7", "title": "a", "label": "bug"}, {"": "8", "title": "b", "body": "c", "label": "bug"}]
    first, second = files.read(write(tmp_path, "data.json", json.dumps(rows)))
    assert (first.body, second.body) == ("", "c")


def test_several_columns_of_labels_are_all_read(tmp_path: Path) -> None:
    path = write(tmp_path, "data.csv", "Summary,Labels,Labels,Labels\nCrash,bug,,ui\n")
    assert only(path).labels == ("bug", "ui")


def test_a_lone_surrogate_leaves_titles_and_bodies_encodable(tmp_path: Path) -> None:
    row = {"title": "\ud800crash", "body": "on\udfff", "label": "bug", "repo": "a/\ud800b", "url": "\ud800"}
    example = only(write(tmp_path, "data.json", json.dumps([row])))
    assert (example.title, example.body, example.repo, example.url) == ("?crash", "on?", "a/?b", "?")


def test_the_keys_of_githubs_own_tools_are_known(tmp_path: Path) -> None:
    dates = dict.fromkeys(("createdAt", "closedAt", "updatedAt"), "2024-05-01T02:00:00Z")
    row = {"title": "a", "labels": [{"name": "bug"}], **dates, "url": "https://api.x", "html_url": "https://x"}
    example = only(write(tmp_path, "data.json", json.dumps([row])))
    then = datetime(2024, 5, 1, 2, tzinfo=UTC)
    assert (example.created_at, example.closed_at, example.updated_at, example.url) == (then, then, then, "https://x")


@pytest.mark.parametrize("cell", [None, "", "nan", "NaN", "NaT", "None", "null", float("nan")])
def test_a_table_may_write_that_it_has_no_date(cell: object, tmp_path: Path) -> None:
    row = {"title": "a", "label": "bug", "created_at": cell, "closed": cell, "updated": cell}
    example = only(write(tmp_path, "data.json", json.dumps([row])))
    assert (example.created_at, example.closed_at, example.updated_at) == (None, None, None)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2023-08-26T06:33:37Z", datetime(2023, 8, 26, 6, 33, 37, tzinfo=UTC)),
        ("2023-08-26 06:33:37", datetime(2023, 8, 26, 6, 33, 37, tzinfo=UTC)),
        ("2023-08-26T06:33:37+02:00", datetime(2023, 8, 26, 6, 33, 37, tzinfo=timezone(timedelta(hours=2)))),
        ("2023-08-26", datetime(2023, 8, 26, tzinfo=UTC)),
        ("", None),
    ],
)
def test_dates_are_in_utc_where_they_do_not_say(written: str, expected: datetime | None, tmp_path: Path) -> None:
    path = write(tmp_path, "data.csv", f"title,label,created_at,repo,number,url\nCrash,bug,{written},a/b,7,https://x\n")
    assert only(path) == Example("Crash", "", ("bug",), created_at=expected, repo="a/b", number=7, url="https://x")


def test_a_date_of_another_zone_is_turned_into_utc(tmp_path: Path) -> None:
    row = {"title": "a", "label": "bug", **dict.fromkeys(("created", "closed_at", "updated"), "2024-05-01T02:00+05:00")}
    example = only(write(tmp_path, "data.json", json.dumps([row])))
    for date in (example.created_at, example.closed_at, example.updated_at):
        assert date is not None
        assert date.isoformat() == "2024-04-30T21:00:00+00:00"


@pytest.mark.parametrize(
    ("cell", "number"),
    [(7, 7), (7.0, 7), ("7", 7), ("7.0", 7), (7.5, None), ("x7", None), ("", None), (None, None), (1e300, None)],
)
def test_a_number_is_whole_however_a_table_writes_it(cell: object, number: int | None, tmp_path: Path) -> None:
    row = {"title": "a", "label": "bug", "number": cell}
    assert only(write(tmp_path, "data.json", json.dumps([row]))).number == number


def test_quotes_that_are_doubled_leave_backslashes_alone(tmp_path: Path) -> None:
    path = table(tmp_path, [["title", "body", "label"], ["In C:\\temp\\", HOSTILE, "bug"], ["b", "c", "bug"]])
    first, second = files.read(path)
    assert (first.title, first.body) == ("In C:\\temp\\", HOSTILE)
    assert second.body == "c"


def test_quotes_that_are_escaped_come_out_as_they_were(tmp_path: Path) -> None:
    rows = [["title", "body", "label"], ["In C:\\temp\\", HOSTILE, "bug"], ["b", "c", "bug"]]
    path = table(tmp_path, rows, escaped=True)
    first, second = files.read(path)
    assert (first.title, first.body) == ("In C:\\temp\\", HOSTILE)
    assert second.body == "c"


@pytest.mark.parametrize("title", ["C:\\temp", "\\d+ matches", "ends in \\"])
def test_a_backslash_in_a_plain_cell_is_one(title: str, tmp_path: Path) -> None:
    assert only(write(tmp_path, "data.csv", f"title,label\n{title},bug\n")).title == title


def test_a_cell_may_be_longer_than_a_csv_readers_usual_limit(tmp_path: Path) -> None:
    assert len(only(write(tmp_path, "data.csv", f"title,body,label\nCrash,{'x' * 200_000},bug\n")).body) == 200_000


def test_other_columns_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path, "data.tsv", "ID\tArea\tTitle\tDescription\n9\tSystem.Net\tCrash\tOn start\n")
    (example,) = files.read(path, columns={"label": "Area", "body": "Description"})
    assert example == Example("Crash", "On start", ("System.Net",), number=9)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("data.csv", b"\xff\xfe\x00", "it is not UTF-8 text"),
        ("data.csv", "", "holds no examples"),
        ("data.csv", "title,label\n", "holds no examples"),
        ("data.json", "[]", "holds no examples"),
        ("data.csv", "name,label\nCrash,bug\n", "no column title .*it has name, label"),
        ("data.csv", "title,kind\nCrash,bug\n", "no column labels or label.*it has title, kind"),
        ("data.csv", "title,label\nCrash,bug\nMore,than,two\n", r"data\.csv:3: 3 cells, 2 columns"),
        ("data.csv", "title,label\nCrash,bug\nLess\n", r"data\.csv:3: 1 cells, 2 columns"),
        ("data.csv", 'title,label\n"Crash,bug\nMore,bug\n', r"data\.csv:3: 1 cells, 2 columns"),
        ("data.csv", "title,label\nCrash\rbug,bug\n", r"data\.csv:2: 1 cells, 2 columns"),
        ("data.jsonl", '{"title": "a", "label": "b"}\n{"title": \n', r"data\.jsonl:2: no JSON object"),
        ("data.jsonl", "[1]\n", r"data\.jsonl:1: no JSON object"),
        ("data.json", '[{"title": "a"},\n{"title" "b"}]', r"data\.json:2: no JSON"),
        ("data.json", '{"a": [], "b": []}', "no list of examples"),
        ("data.json", "[1, 2]", "no list of examples"),
        ("data.json", "7", "no list of examples"),
        ("data.json", '[{"title": {"a": 1}, "label": "b"}]', r"data\.json: row 1: title: an object is no text"),
        ("data.jsonl", '{"title": [], "label": "b"}', r"data\.jsonl:1: title: a list is no text"),
        ("data.json", '[{"title": "a", "body": {}, "label": "b"}]', r"data\.json: row 1: body: an object is no text"),
        ("data.json", '[{"title": "a", "label": "b"}, {"label": "b"}]', r"data\.json: row 2: the row has no title"),
        ("data.json", '[{"title": "a", "label": "b", "closedAt": "soon"}]', "row 1: closedAt: 'soon' is no date"),
        (
            "data.csv",
            "title,label,created_at\na,bug,2024-01-01\nb,bug,soon\n",
            r"data\.csv:3: created_at: 'soon' is no date",
        ),
        (
            "data.csv",
            "title,label,created_at\na,bug,0001-01-01T00:00+05:00\n",
            r"data\.csv:2: created_at: '0001-.*' is no date",
        ),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(name: str, data: str | bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        files.read(write(tmp_path, name, data))


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nothing\.csv cannot be read: No such file"):
        files.read(tmp_path / "nothing.csv")


def test_a_named_column_that_is_not_there_is_said(tmp_path: Path) -> None:
    path = write(tmp_path, "data.csv", "title,label\nCrash,bug\n")
    with pytest.raises(UsageError, match="no column Area: it has title, label"):
        files.read(path, columns={"label": "Area"})


def test_rows_that_lack_what_others_have_are_empty_there(tmp_path: Path) -> None:
    rows = [{"title": "a", "labels": ["bug"]}, {"title": "b", "body": None}, {"title": "c", "labels": None}]
    path = write(tmp_path, "data.jsonl", "\n".join(map(json.dumps, rows)))
    assert [(one.title, one.body, one.labels) for one in files.read(path)] == [
        ("a", "", ("bug",)),
        ("b", "", ()),
        ("c", "", ()),
    ]


@pytest.mark.threat("attack", "secrets")
def test_no_secret_that_somebody_leaked_is_learned_from_or_kept_beside_a_model(tmp_path: Path) -> None:
    secret = LEAKED["a token of Hugging Face's"]
    example = only(write(tmp_path, "data.json", json.dumps([{"title": secret, "body": f"a {secret}", "label": "bug"}])))
    assert (example.title, example.body) == (REDACTED, f"a {REDACTED}")
    packed = archive.pack(np.ones((1, 2)), [Archived(example.title)])
    assert not any(holds(data.decode("latin-1"), secret) for data in packed.values())


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("12", (12,)),
        ("#12", (12,)),
        ("12.0", (12,)),
        ("12, #15; 7", (12, 15, 7)),
        ([12, 15], (12, 15)),
        (12, (12,)),
        (12.0, (12,)),
        ("", ()),
        (None, ()),
        ("0", ()),
        ("nan", ()),
        ("1.5", ()),
        ("octo-org/other#12", ()),
        ("https://github.com/octo-org/v2/issues/12", ()),
        ("9" * 16, ()),
    ],
)
def test_a_cell_of_duplicates_tells_numbers_of_this_repository_alone(
    cell: object, numbers: tuple[int, ...], tmp_path: Path
) -> None:
    row = {"title": "a", "label": "bug", "duplicate_of": cell}
    assert only(write(tmp_path, "data.json", json.dumps([row]))).repeats == numbers
