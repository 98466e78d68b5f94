# SPDX-License-Identifier: Apache-2.0
"""The package says all that the C headers say, and is what its annotations say."""

import enum
import inspect
import pathlib
import pickle
import re
import subprocess
import sys
from typing import Any

import pytest
import relume
from relume._native import ffi, lib

# Prefix of the enumerators in C for each enumeration of the package.
ENUMS: dict[type[enum.IntEnum] | type[enum.IntFlag], str] = {
    relume.ChangeKind: "RELUME_CHANGE_", relume.Choice: "RELUME_CHOICE_", relume.CommitPolicy: "RELUME_COMMIT_",
    relume.DmxFlags: "RELUME_DMX_",
    relume.EventKind: "RELUME_EVENT_", relume.HealthLevel: "RELUME_HEALTH_", relume.Invalidation: "RELUME_INVALIDATE_",
    relume.LayerFlags: "RELUME_LAYER_", relume.Level: "RELUME_LEVEL_", relume.OnDamaged: "RELUME_ON_DAMAGED_",
    relume.ParamFlags: "RELUME_PARAM_", relume.Persistence: "RELUME_PERSISTENCE_", relume.RecordKind: "RELUME_RECORD_",
    relume.Fate: "RELUME_FATE_", relume.Unfit: "RELUME_UNFIT_", relume.FieldClass: "RELUME_FIELD_",
    relume.KeptIn: "RELUME_KEPT_IN_", relume.RenderReset: "RELUME_RESET_", relume.Rung: "RELUME_RUNG_", relume.SaveState: "RELUME_SAVE_",
    relume.SourceKind: "RELUME_SOURCE_", relume.State: "RELUME_STATE_", relume.Targets: "RELUME_TARGET_",
    relume.Tier: "RELUME_TIER_", relume.Type: "RELUME_", relume.Urgency: "RELUME_URGENCY_", relume.Verdict: "RELUME_VERDICT_",
}  # fmt: skip
FIXED = 0x7FFFFFFF  # of the enumerator that fixes the size of each enumeration


def c_enums() -> dict[str, dict[str, int]]:
    typedefs, _, _ = ffi.list_types()
    found = {name: ffi.typeof(name) for name in typedefs}
    return {
        name: {label: value for value, label in kind.elements.items() if value != FIXED}
        for name, kind in found.items()
        if kind.kind == "enum"
    }


def test_every_enumerator_of_the_headers_has_its_member() -> None:
    native = c_enums()
    for names in (native.pop("relume_result"), native.pop("relume_show_flags")):
        assert names  # errors are classes, and the one flag of a show is the keyword `threads`
    assert native.pop("relume_composer_kind")  # relume/composer.h is for engines that have no show
    ours = [{prefix + member.name: member.value for member in kind} for kind, prefix in ENUMS.items()]  # type: ignore[operator]
    for name, members in native.items():
        assert members in ours, name
    assert len(native) == len(ENUMS)


def test_every_kind_of_field_is_classified() -> None:
    fields = {field.name: field for field in relume.classification()}
    assert len(fields) == len(relume.classification())
    committed = fields["param.committed"]
    assert committed.field_class == relume.FieldClass.COMMITTED
    assert committed.kept_in == relume.KeptIn.MIRROR | relume.KeptIn.CHECKPOINT
    assert fields["host.history"].kept_in == relume.KeptIn(0)
    assert all(field.meaning for field in fields.values())


def test_every_error_code_has_its_class_and_its_reason() -> None:
    codes = {value for value in c_enums()["relume_result"].values() if value != 0}
    classes = {kind._code: kind for kind in vars(relume).values() if inspect.isclass(kind) and issubclass(kind, relume.Error)}
    assert codes == {code for code in classes if code}
    for code in codes:
        error = classes[code]("what to do", "who")
        assert (error.code, error.culprit, error.message, str(error)) == (code, "who", "what to do", "who: what to do")
        assert error.reason == ffi.string(lib.relume_result_name(code)).decode() != "unknown-result"


@pytest.mark.parametrize("kind", [relume.OutOfRange, relume.Timeout, relume.NoMemory, relume.WrongType, relume.Error])
def test_an_error_survives_the_way_between_processes(kind: type[relume.Error]) -> None:
    error = pickle.loads(pickle.dumps(kind("too much", "wash/level", -3, 1)))
    assert (type(error), error.code, error.culprit, error.message, error.change) == (
        kind, -3, "wash/level", "too much", 1,
    )  # fmt: skip


def test_every_function_of_the_headers_is_used() -> None:
    """But for those that others make superfluous: health comes as JSON, layers until there is none, a text with its length."""
    package = pathlib.Path(relume.__file__).parent
    source = "".join(path.read_text() for path in package.glob("*.py"))
    functions = {name for name in dir(lib) if name.startswith("relume_")}
    # The composer without a show, and black boxes, are for hosts in C and C++.
    elsewhere = ("relume_composer_", "relume_black_box_", "relume_replay")
    functions = {name for name in functions if not name.startswith(elsewhere)}
    unused = {name for name in functions - set(re.findall(r"\b_?lib\.(\w+)", source)) if not name.endswith("_init")}
    assert unused == {"relume_health_get", "relume_layer_count", "relume_value_text"}


def test_the_version_is_the_librarys() -> None:
    assert relume.__version__ == f"{lib.RELUME_VERSION_MAJOR}.{lib.RELUME_VERSION_MINOR}.{lib.RELUME_VERSION_PATCH}"


def test_all_names_are_there_once_and_documented() -> None:
    assert len(relume.__all__) == len(set(relume.__all__))
    for name in relume.__all__:
        thing = getattr(relume, name)
        assert not inspect.isclass(thing) or inspect.getdoc(thing), name
    for kind in (relume.Show, relume.Schema, relume.Reader, relume.Frame, relume.Source, relume.Gesture, relume.Stream, relume.Events):
        for name, member in inspect.getmembers(kind):
            assert name.startswith("_") or isinstance(member, type) or inspect.getdoc(member), f"{kind.__name__}.{name}"


def test_mypy_strict_is_content_with_the_package_and_its_users(tmp_path: pathlib.Path) -> None:
    user = tmp_path / "user.py"
    user.write_text(
        "import numpy as np\n"
        "import numpy.typing as npt\n"
        "import relume\n"
        "def level(show: relume.Show) -> npt.NDArray[np.float32]:\n"
        "    outcome: relume.Outcome = show.set('wash/level', 0.5)\n"
        "    print(outcome.revision + 1, show.get('wash/level'))\n"
        "    return show.reader().acquire().array\n"
    )
    wrong = tmp_path / "wrong.py"
    wrong.write_text("import relume\nrelume.Schema().layer(1, 'fixture')\n")
    for checked in (["-p", "relume"], [str(user)], [str(path) for path in pathlib.Path(__file__).parent.glob("*.py")]):
        done = mypy(*checked)
        assert done.returncode == 0, done.stdout
    assert 'expected "str"' in mypy(str(wrong)).stdout  # it does look at the annotations


def mypy(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "mypy", "--strict", *arguments], capture_output=True, text=True, check=False)


def test_the_extension_is_one_for_all_versions_and_shows_nothing_of_the_library() -> None:
    extension = pathlib.Path(relume._native.__file__)
    assert extension.name == "_native.abi3.so"
    symbols = run("nm", "-D", "--defined-only", str(extension))
    assert [line.split()[-1] for line in symbols.splitlines()] == ["PyInit__native"]
    dynamic = run("readelf", "-d", str(extension))
    assert "NODELETE" in dynamic
    assert "librelume" not in dynamic
    undefined = {line.split()[-1] for line in run("nm", "-D", "--undefined-only", str(extension)).splitlines()}
    assert not {name for name in undefined if name.startswith("relume_")}


def run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("bad", [{"max_slots": 2**32}, {"max_slots": -1}, {"max_readers": 65}, {"settle_ns": 2**63}])
def test_options_that_cannot_be_are_named(bad: dict[str, Any]) -> None:
    with pytest.raises(relume.Invalid) as caught:
        relume.Show(relume.Schema(), **bad)
    assert next(iter(bad)) in str(caught.value)
