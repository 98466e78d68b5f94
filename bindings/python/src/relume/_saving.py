# SPDX-License-Identifier: Apache-2.0
"""What is saved how far, what was recovered, and how the show is."""

import json
from collections.abc import Mapping
from typing import Any

from . import _reports
from ._enums import Choice, HealthLevel, Level
from ._lifetime import Lifetime
from ._native import ffi, lib
from ._reports import Changes, Outcome, Recovery, SaveResult, ShowInfo, Status
from ._schema import json_bytes
from ._values import utf8


class Saving(Lifetime):
    """The part of Show that waits for the disk and reports."""

    def info(self) -> ShowInfo:
        """Identity and capacities."""
        raw = ffi.new("relume_show_info *", {"struct_size": ffi.sizeof("relume_show_info")})
        self._call(lib.relume_show_info_get, raw)
        return _reports.show_info(raw)

    def status(self) -> Status:
        """Watermarks: what is accepted, mirrored, saved."""
        raw = ffi.new("relume_status *", {"struct_size": ffi.sizeof("relume_status")})
        self._call(lib.relume_status_get, raw)
        return _reports.status(raw)

    def health(self) -> dict[str, Any]:
        """How the show is, per subsystem and save target: relume_health_json as a dict."""
        room = 4096
        while True:
            buffer = ffi.new("char[]", room)
            size = self._ask(lib.relume_health_json, buffer, room)
            if size < room:
                report: dict[str, Any] = json.loads(ffi.string(buffer))
                return report
            room = size + 256  # a number may grow in between

    def report_health(self, component: str, level: HealthLevel, figures: Mapping[str, object]) -> None:
        """Puts the health of a part of the host (a card, an input) beside the show's own: under "components" in health(), and its
        level in the overall one. The newest report of each component stands.

        Args:
            component: 1 to 63 of [a-z0-9_-]; at most 64 of them.
            figures: what the part has to say, as JSON of at most 4,096 bytes.

        Raises:
            Invalid: a bad key.
            BadJson: the figures cannot be written as JSON.
            TooLong: they are more than 4,096 bytes.
            Limit: 64 components have reported.
        """
        data = json_bytes(component, dict(figures))
        self._call(lib.relume_health_report, utf8(component, "component"), level, data)

    def withdraw_health(self, component: str) -> None:
        """Takes a component's report away.

        Raises:
            Invalid: a bad key.
        """
        self._call(lib.relume_health_report, utf8(component, "component"), HealthLevel.OK, ffi.NULL)

    def recovery(self) -> Recovery:
        """How the show came up, with every candidate that has been looked at so far; complete after recovery_wait()."""
        raw = ffi.new("relume_recovery *", {"struct_size": ffi.sizeof("relume_recovery")})
        self._call(lib.relume_recovery_get, raw)
        candidate = ffi.new("relume_candidate *", {"struct_size": ffi.sizeof("relume_candidate")})
        candidates = []
        for n in range(raw.candidate_count):
            self._call(lib.relume_candidate_get, n, candidate)
            candidates.append(_reports.candidate(candidate))
        return _reports.recovery(raw, tuple(candidates))

    def recovery_wait(self, timeout_ns: int) -> None:
        """Waits until every candidate of recovery has been looked at.

        Raises:
            Timeout: not yet; it goes on in the background.
            Invalid: a negative time.
        """
        self._call(lib.relume_recovery_wait, timeout_ns)

    def accept(self, choice: Choice) -> Outcome:
        """Ends the hold on the document's name after it was damaged, of a newer format, or in conflict (Recovery.held).

        Raises:
            WrongState: Choice.FILE, and there is nothing in the file to take.
            Limit: the document does not fit the capacities.
            IoFailed: the file cannot be read or renamed; the hold stays.
        """
        return self._mutate(lib.relume_accept, choice)

    def wait(self, revision: int | Outcome, level: Level, timeout_ns: int) -> None:
        """Waits until a revision has reached a level: "is this change safe?" It asks for nothing, see flush().

        Raises:
            Timeout: not yet; the message names the last failure, if there was one.
            WrongState: the show has no mirror or no folder for that level.
            Invalid: a revision that was not accepted yet, a negative time.
        """
        number = revision.revision if isinstance(revision, Outcome) else revision
        self._call(lib.relume_wait, number, level, timeout_ns)

    def flush(self, timeout_ns: int) -> None:
        """Saves what is unsaved without waiting for the timers, and waits for it. Nothing unsaved: nothing is written.

        Raises:
            Timeout: not yet; it goes on in the background.
            IoFailed: a save failed; the message has path, step and errno name. It is tried again by itself.
            Unsaved: the checkpoint is saved, the document waits for accept().
            WrongState: the show has no folder.
        """
        self._call(lib.relume_flush, timeout_ns)

    def save(self) -> int:
        """Asks for a save of checkpoint and document at once, also when nothing has changed. Returns a ticket for save_wait().

        Raises:
            WrongState: the show has no folder.
        """
        ticket = ffi.new("uint64_t *")
        self._call(lib.relume_save, ticket)
        return int(ticket[0])

    def save_wait(self, ticket: int, timeout_ns: int) -> SaveResult:
        """Waits for a save, and says how it ended.

        Raises:
            Timeout: it is still pending.
            Invalid: a ticket that was never given, a negative time.
        """
        raw = ffi.new("relume_save_result *", {"struct_size": ffi.sizeof("relume_save_result")})
        self._call(lib.relume_save_wait, ticket, timeout_ns, raw)
        return _reports.save_result(raw)

    def state_since(self, history: int = 0, revision: int = 0) -> Changes:
        """What a client that knows the state at (history, revision) has to read anew; 0, 0 is nothing."""
        count, whole = ffi.new("size_t *"), ffi.new("uint32_t *")
        now = ffi.new("uint64_t[2]")
        room = 256
        while True:
            params = ffi.new("relume_param[]", room)
            self._call(lib.relume_state_since, history, revision, params, room, count, whole, now, now + 1)
            if count[0] <= room:
                handles = tuple(param.bits for param in ffi.unpack(params, count[0]))
                return Changes(handles, bool(whole[0]), now[0], now[1])
            room = count[0]
