# SPDX-License-Identifier: Apache-2.0
"""Saving, waiting, health, recovery."""

import os

import pytest
import relume
from conftest import LONG, Place
from relume import Level, Rung, SaveState, Verdict


def test_a_change_can_be_waited_for(show: relume.Show) -> None:
    outcome = show.persist("wash/level", 0.5)
    assert relume.Targets.DOCUMENT in outcome.targets
    show.wait(outcome, Level.MIRRORED, 0)
    show.wait(outcome, Level.DOCUMENTED, LONG)
    show.wait(outcome.revision, Level.CHECKPOINTED, 0)
    status = show.status()
    assert (status.accepted, status.mirrored, status.checkpoint_done, status.document_done) == (1, 1, 1, 1)


def test_a_wait_that_cannot_be_answered_says_why(place: Place, light: relume.Show) -> None:
    with place.open(quiet_ns=LONG, max_age_ns=LONG) as show:
        outcome = show.set("wash/level", 0.5)
        with pytest.raises(relume.Timeout) as caught:
            show.wait(outcome, Level.CHECKPOINTED, 0)
        assert caught.value.reason == "timeout"
        assert isinstance(caught.value, TimeoutError)
        with pytest.raises(relume.Invalid):
            show.wait(99, Level.MIRRORED, 0)
        with pytest.raises(relume.Invalid):
            show.flush(-1)
    for call in (lambda: light.wait(0, Level.CHECKPOINTED, 0), lambda: light.flush(0), light.save):
        with pytest.raises(relume.WrongState):
            call()


def test_flush_and_save_do_not_wait_for_the_timers(place: Place) -> None:
    with place.open(quiet_ns=LONG, max_age_ns=LONG) as show:
        show.persist("wash/level", 0.5)
        show.flush(LONG)
        assert show.status().document_done == 1
        result = show.save_wait(show.save(), LONG)
        assert (result.state, result.revision, result.errno, result.path) == (SaveState.COMMITTED, 1, 0, "")
        with pytest.raises(relume.Invalid):
            show.save_wait(99, 0)


def test_health_is_a_dict_with_the_parts_of_the_host(show: relume.Show) -> None:
    health = show.health()
    assert (health["level"], health["mirror"]) == ("ok", "ok")
    show.report_health("card", relume.HealthLevel.DEGRADED, {"late": 3, "name": "x" * 3000})
    health = show.health()
    assert health["level"] == "degraded"
    assert health["components"]["card"]["late"] == 3
    show.report_health("input", relume.HealthLevel.OK, {"name": "y" * 3900})  # more than the first buffer holds
    assert set(show.health()["components"]) == {"card", "input"}
    show.withdraw_health("card")
    assert show.health()["level"] == "ok"
    for component, figures, kind in (
        ("Bad Key", {}, relume.Invalid),
        ("card", {"a": object()}, relume.BadJson),
        ("card", {"a": "x" * 4096}, relume.TooLong),
    ):
        with pytest.raises(kind):
            show.report_health(component, relume.HealthLevel.OK, figures)


def test_recovery_says_where_the_state_came_from(place: Place) -> None:
    with place.open() as show:
        report = show.recovery()
        assert (report.rung, report.age_ns, report.restarts, report.mirror) == (Rung.DEFAULTS, None, 0, True)
        show.persist("wash/level", 0.5)
        mirror = show.info().mirror_path
    os.remove(mirror)
    with place.open() as show:
        show.recovery_wait(LONG)
        report = show.recovery()
        assert (report.rung, report.complete, report.held) == (Rung.CHECKPOINT, True, None)
        assert report.age_ns is not None
        rungs = {candidate.rung: candidate for candidate in report.candidates}
        assert rungs[Rung.MIRROR].verdict == Verdict.FRESH
        assert (rungs[Rung.CHECKPOINT].verdict, rungs[Rung.CHECKPOINT].revision) == (Verdict.OK, 1)
        assert show.get("wash/level") == 0.5
        assert show.info().history_id != 0


def test_a_damaged_document_is_held_until_it_is_accepted(place: Place) -> None:
    with place.open() as show:
        show.persist("wash/level", 0.5)
        assert not show.accept(relume.Choice.KEEP).changed
    document = place.folder / "show.json"
    document.write_bytes(b"")
    with place.open() as show:
        show.recovery_wait(LONG)
        report = show.recovery()
        assert (report.held, report.refused) == (Verdict.DAMAGED, 1)
        damaged = next(candidate for candidate in report.candidates if candidate.verdict == Verdict.DAMAGED)
        assert damaged.path == str(document)
        assert show.persist("wash/level", 0.25).persistence == relume.Persistence.HELD
        with pytest.raises(relume.Unsaved):
            show.flush(LONG)
        with pytest.raises(relume.WrongState):
            show.accept(relume.Choice.FILE)
        show.accept(relume.Choice.KEEP)
        show.flush(LONG)
        assert show.recovery().held is None
    assert '"level": 0.25' in document.read_text()


def test_an_unattended_show_keeps_what_is_damaged_and_saves(place: Place) -> None:
    place.open().close()
    (place.folder / "show.json").write_bytes(b"?")
    with place.open(on_damaged=relume.OnDamaged.KEEP_AND_SAVE) as show:
        show.recovery_wait(LONG)
        assert show.recovery().held is None
    assert any("damaged" in path.name for path in place.folder.iterdir())


def test_a_client_learns_what_it_has_to_read_anew(show: relume.Show) -> None:
    whole = show.state_since()
    assert whole.whole
    assert len(whole.params) == sum(layer.param_count for layer in show.layers)
    show.set("wash/level", 0.5)
    changed = show.state_since(whole.history, whole.revision)
    assert (changed.whole, changed.revision) == (False, 1)
    assert show.param("wash/level").handle in changed.params
    assert show.state_since(whole.history, 1).params == ()
    for n in range(20):  # more than fit at the first attempt
        show.add_layer(f"more-{n}", "fixture")
    every = [param.handle for layer in show.layers for param in layer.params]
    assert (sorted(show.state_since().params), len(every)) == (sorted(every), 22 * 15)
