"""Turn a joblib pickle into plain records: its opcodes are read as data, and nothing that it names is ever looked up.

Python's own unpickler imports and calls what a file names; an allow-list for it has been got round before (joblib reads
arrays of objects with an unpickler of its own). Here there is nothing to get round: names stay names, calls stay
records, and an array is made of plain numbers or strings, or refused.
"""

import io
import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hubpipe.errors import UnsafeModelError

# What stands in the heads of SetFit models, by every name that it had (scikit-learn 0.22 and later, numpy 1 and 2).
DTYPE = "numpy.dtype"
SCALARS = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
ARRAYS = ("numpy.ndarray", "joblib.numpy_pickle.NumpyArrayWrapper")
WRAPPER = ARRAYS[1]
KINDS_OF_NUMBERS = "biufU"
# An array's bytes are in the file; its shape must not ask for more.
DIMENSIONS = 2
LONGEST_NAME = 100

NOT_READ = "{model}: {file} is no joblib pickle of plain numbers ({reason}), so hubpipe does not read it: {instead}"
SAVED_OTHERWISE = "choose a model whose head is a LogisticRegression, saved by SetFit"
NOT_ALLOWED = "it names {name}, which is not allowed"
NO_SUCH_OPCODE = "its opcode {name} is not allowed"
BROKEN = "it is broken"


@dataclass(frozen=True)
class Name:
    """A name that stands in the file, as `module.name`; never imported."""

    path: str


@dataclass
class Record:
    """An object that stands in the file: its class by name, and its state."""

    kind: str
    state: dict[str, Any] = field(default_factory=dict)


@dataclass
class _Dtype:
    code: str


class _RefusedError(Exception):
    """Something in the file that no head holds."""


MARK = object()


def read(model: str, file: str, data: bytes, allowed: frozenset[str]) -> Any:
    """Read a joblib pickle whose objects are of allowed classes (`module.name`), as Records of plain values.

    Raises UnsafeModelError for everything else: other names, calls, arrays of objects, other opcodes, broken data.
    """
    try:
        return _Reader(data, allowed).value()
    except _RefusedError as fault:
        reason = str(fault)
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, OverflowError, MemoryError, RecursionError):
        # Whatever else a broken file leads to.
        reason = BROKEN
    raise UnsafeModelError(NOT_READ.format(model=model, file=file, reason=reason, instead=SAVED_OTHERWISE))


class _Reader:
    """One reading of a file: a stack and a memo, as the pickle machine has them, of plain values."""

    def __init__(self, data: bytes, allowed: frozenset[str]):
        self._file = io.BytesIO(data)
        self._allowed = allowed | {DTYPE, *SCALARS, *ARRAYS}
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def value(self) -> Any:
        # It reads from the file one opcode at a time, so that an array's bytes can be taken between two.
        for opcode, argument, _ in pickletools.genops(self._file):
            if opcode.name == "STOP":
                return self._stack.pop()
            if opcode.name in VALUES:
                self._stack.append(argument)
            elif opcode.name in ACTIONS:
                ACTIONS[opcode.name](self, argument)
            elif opcode.name not in IGNORED:
                raise _RefusedError(NO_SUCH_OPCODE.format(name=opcode.name))
        raise _RefusedError(BROKEN)

    def put(self, place: int) -> None:
        self._memo[place] = self._stack[-1]

    def memoize(self, _: object) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def get(self, place: int) -> None:
        self._stack.append(self._memo[place])

    def push(self, value: Any) -> None:
        self._stack.append(value)

    def name(self, path: str) -> None:
        module, _, name = path.partition(" ")
        self._named(f"{module}.{name}")

    def stack_name(self, _: object) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self._named(f"{module}.{name}")

    def _named(self, path: str) -> None:
        if path not in self._allowed:
            raise _RefusedError(NOT_ALLOWED.format(name=repr(path[:LONGEST_NAME])))
        self._stack.append(Name(path))

    def tuple_of(self, count: int) -> None:
        items = tuple(self._stack[-count:])
        del self._stack[-count:]
        self._stack.append(items)

    def tuple_since_mark(self, _: object) -> None:
        self._stack.append(tuple(self._since_mark()))

    def append(self, _: object) -> None:
        item = self._stack.pop()
        self._list().append(item)

    def extend(self, _: object) -> None:
        items = self._since_mark()
        self._list().extend(items)

    def set_item(self, _: object) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._fill([key], [value])

    def set_items(self, _: object) -> None:
        items = self._since_mark()
        self._fill(items[::2], items[1::2])

    def make(self, _: object) -> None:
        """Make a record where Python would make an object (NEWOBJ)."""
        arguments, kind = self._stack.pop(), self._stack.pop()
        if not isinstance(kind, Name) or arguments != ():
            raise _RefusedError(BROKEN)
        self._stack.append(Record(kind.path))

    def call(self, _: object) -> None:
        """Understand the two calls of numpy's that stand in heads (REDUCE): a type of numbers, and one number."""
        arguments, called = self._stack.pop(), self._stack.pop()
        path = called.path if isinstance(called, Name) else ""
        if path == DTYPE:
            self._stack.append(_Dtype(_text(arguments[0])))
        elif path in SCALARS and isinstance(arguments[1], bytes):
            self._stack.append(np.frombuffer(arguments[1], dtype=_numbers(arguments[0]))[0].item())
        else:
            raise _RefusedError(NOT_ALLOWED.format(name=f"a call of {path or 'an object'}"))

    def build(self, _: object) -> None:
        """Give a record its state (BUILD), and an array its bytes, which follow."""
        state, target = self._stack.pop(), self._stack[-1]
        if isinstance(target, _Dtype) and isinstance(state, tuple):
            target.code = f"{_text(state[1])}{target.code}".replace("|", "")
        elif isinstance(target, Record) and isinstance(state, dict):
            target.state = state
            if target.kind == WRAPPER:
                self._stack[-1] = self._array(state)
        else:
            raise _RefusedError(BROKEN)

    def _array(self, state: dict[str, Any]) -> Any:
        dtype, shape = _numbers(state["dtype"]), state["shape"]
        if len(shape) > DIMENSIONS or not all(type(size) is int and size >= 0 for size in shape):
            raise _RefusedError(BROKEN)
        if state.get("numpy_array_alignment_bytes") is not None:
            self._file.read(self._file.read(1)[0])
        size = int(np.prod(shape, dtype=object)) * dtype.itemsize
        if size > len(self._file.getbuffer()):
            raise _RefusedError(BROKEN)
        flat = np.frombuffer(self._file.read(size), dtype=dtype)
        return flat.reshape(shape, order="F" if state["order"] == "F" else "C")

    def _since_mark(self) -> list[Any]:
        place = len(self._stack) - 1
        while self._stack[place] is not MARK:
            place -= 1
            if place < 0:
                raise _RefusedError(BROKEN)
        items = self._stack[place + 1 :]
        del self._stack[place:]
        return items

    def _list(self) -> list[Any]:
        if type(self._stack[-1]) is not list:
            raise _RefusedError(BROKEN)
        kept: list[Any] = self._stack[-1]
        return kept

    def _fill(self, keys: list[Any], values: list[Any]) -> None:
        # Only names: to hash tuples of tuples can take forever.
        if type(self._stack[-1]) is not dict or not all(type(key) is str for key in keys):
            raise _RefusedError(BROKEN)
        self._stack[-1].update(zip(keys, values, strict=True))


def _text(value: Any) -> str:
    if type(value) is not str or len(value) > LONGEST_NAME:
        raise _RefusedError(BROKEN)
    return value


def _numbers(dtype: Any) -> np.dtype[Any]:
    """Give numpy's type for a code, if it is of numbers or strings."""
    if not isinstance(dtype, _Dtype):
        raise _RefusedError(BROKEN)
    found = np.dtype(dtype.code)
    if found.kind not in KINDS_OF_NUMBERS or found.names is not None or found.itemsize == 0:
        raise _RefusedError(NOT_ALLOWED.format(name=f"an array of {dtype.code}"))
    return found


IGNORED = frozenset({"PROTO", "FRAME"})
# Those whose argument is the value itself.
VALUES = frozenset(
    {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINBYTES"}
    | {"SHORT_BINBYTES", "BINSTRING", "SHORT_BINSTRING"}
)
ACTIONS: dict[str, Callable[[_Reader, Any], None]] = {
    "NONE": lambda reader, _: reader.push(None),
    "NEWTRUE": lambda reader, _: reader.push(True),
    "NEWFALSE": lambda reader, _: reader.push(False),
    "EMPTY_TUPLE": lambda reader, _: reader.push(()),
    "EMPTY_LIST": lambda reader, _: reader.push([]),
    "EMPTY_DICT": lambda reader, _: reader.push({}),
    "MARK": lambda reader, _: reader.push(MARK),
    "TUPLE": _Reader.tuple_since_mark,
    "TUPLE1": lambda reader, _: reader.tuple_of(1),
    "TUPLE2": lambda reader, _: reader.tuple_of(2),
    "TUPLE3": lambda reader, _: reader.tuple_of(3),
    "APPEND": _Reader.append,
    "APPENDS": _Reader.extend,
    "SETITEM": _Reader.set_item,
    "SETITEMS": _Reader.set_items,
    "MEMOIZE": _Reader.memoize,
    "BINPUT": _Reader.put,
    "LONG_BINPUT": _Reader.put,
    "BINGET": _Reader.get,
    "LONG_BINGET": _Reader.get,
    "GLOBAL": _Reader.name,
    "STACK_GLOBAL": _Reader.stack_name,
    "NEWOBJ": _Reader.make,
    "REDUCE": _Reader.call,
    "BUILD": _Reader.build,
}
