"""Tones that call someone to the desk. One small adapter, no multimedia module: a tone is computed as a WAV in memory
and handed to what the platform has (`winsound`, else `pw-play`, `paplay` or `aplay` found at the first tone). Where
there is nothing, the application beeps; where it cannot beep either, it is silent, and `available` says so.
"""

from __future__ import annotations

import array
import io
import logging
import math
import shutil
import subprocess
import sys
import tempfile
import wave
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtWidgets import QApplication

log = logging.getLogger(__name__)
RATE = 22_050
PEAK = 12_000
FADE_S = 0.008
PLAYERS = (("pw-play",), ("paplay",), ("aplay", "-q"))

Part = tuple[int, float]
"""A pitch in hertz (0: silence) and its length in seconds."""

TONES: dict[str, tuple[Part, ...]] = {
    "due": ((660, 0.18), (0, 0.08), (660, 0.18)),
    "late": ((880, 0.16), (0, 0.06), (880, 0.16), (0, 0.06), (880, 0.16)),
    "warning": ((523, 0.2), (659, 0.2), (784, 0.35)),
    "answer": ((784, 0.12), (1_047, 0.2)),
}
"""due: something falls due. late: it is overdue. warning: a warning came into force. answer: someone answered."""


@cache
def wav(tone: str) -> bytes:
    """The tone as a WAV file, mono, 16 bits; `KeyError` for a name that is not in `TONES`."""
    samples = array.array("h")
    for pitch, length in TONES[tone]:
        count, fade = round(RATE * length), round(RATE * FADE_S)
        for at in range(count):
            # Ends that swell and fade, or every tone begins and ends with a click.
            gain = min(1.0, at / fade, (count - at) / fade)
            samples.append(round(PEAK * gain * math.sin(2 * math.pi * pitch * at / RATE)))
    if sys.byteorder == "big":
        samples.byteswap()
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return out.getvalue()


class Player(Protocol):
    """Something that makes a tone heard without waiting for its end."""

    def play(self, tone: str) -> bool: ...

    def stop(self) -> None: ...

    def close(self) -> None: ...


class _Files:
    """Tones as files in a folder of their own, gone with the player."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="dutydesk-", ignore_cleanup_errors=True)

    def path(self, tone: str) -> str:
        path = Path(self._folder.name) / f"{tone}.wav"
        if not path.exists():
            path.write_bytes(wav(tone))
        return str(path)

    def remove(self) -> None:
        self._folder.cleanup()


class _Windows:
    def __init__(self, winsound: Any) -> None:
        self._winsound = winsound
        self._files = _Files()

    def play(self, tone: str) -> bool:
        # Asynchronous playing from memory is refused by winsound, hence a file.
        sound = self._winsound
        sound.PlaySound(self._files.path(tone), sound.SND_FILENAME | sound.SND_ASYNC | sound.SND_NODEFAULT)
        return True

    def stop(self) -> None:
        self._winsound.PlaySound(None, 0)

    def close(self) -> None:
        self.stop()
        self._files.remove()


@dataclass
class _Command:
    command: tuple[str, ...]

    def __post_init__(self) -> None:
        self._files = _Files()
        self._process: subprocess.Popen[bytes] | None = None

    def play(self, tone: str) -> bool:
        self.stop()
        silent = subprocess.DEVNULL
        try:
            self._process = subprocess.Popen(
                [*self.command, self._files.path(tone)], stdin=silent, stdout=silent, stderr=silent
            )
        except OSError as error:
            log.info("%s: %s", self.command[0], error)
            return False
        return True

    def stop(self) -> None:
        if self._process is not None:
            if self._process.poll() is None:
                self._process.terminate()
            self._process.wait(2)
            self._process = None

    def close(self) -> None:
        self.stop()
        self._files.remove()


class _Beep:
    def play(self, tone: str) -> bool:
        QApplication.beep()
        return False

    def stop(self) -> None:
        pass

    def close(self) -> None:
        pass


def find_player() -> Player:
    """What this platform plays tones with."""
    if sys.platform == "win32":
        import winsound

        return _Windows(winsound)
    for command in PLAYERS:
        found = shutil.which(command[0])
        if found:
            return _Command((found, *command[1:]))
    return _Beep()


class Sound:
    """Plays tones by type. `muted` keeps it still; the screen says the same things anyway."""

    def __init__(self, player: Player | None = None, *, muted: bool = False) -> None:
        self._player = player
        self.muted = muted

    def play(self, tone: str) -> bool:
        """Play one of `TONES`, cutting off what still sounds; whether a player took it."""
        wav(tone)
        if self.muted:
            return False
        if self._player is None:
            self._player = find_player()
        return self._player.play(tone)

    def stop(self) -> None:
        """Be quiet now."""
        if self._player is not None:
            self._player.stop()

    def close(self) -> None:
        """When the window closes: be quiet and leave no file."""
        if self._player is not None:
            self._player.close()
            self._player = None

    @property
    def available(self) -> bool:
        """Whether more than a beep can be heard here."""
        if self._player is None:
            self._player = find_player()
        return not isinstance(self._player, _Beep)
