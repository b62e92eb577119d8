from __future__ import annotations

import io
import sys
import wave

import pytest

from dutydesk.qt import sound
from dutydesk.qt.sound import RATE, TONES, Sound, wav


@pytest.mark.parametrize("tone", TONES)
def test_a_tone_is_a_wav_without_clicks(tone: str) -> None:
    with wave.open(io.BytesIO(wav(tone))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        frames = memoryview(file.readframes(file.getnframes())).cast("h")
    assert len(frames) == pytest.approx(RATE * sum(length for _pitch, length in TONES[tone]), abs=4)
    assert max(frames) > 10_000
    assert abs(frames[0]) < 200
    assert abs(frames[-1]) < 200


def test_tones_differ_and_unknown_ones_are_errors() -> None:
    assert len({wav(tone) for tone in TONES}) == len(TONES)
    with pytest.raises(KeyError):
        Sound(muted=True).play("nothing")


class Heard:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def play(self, tone: str) -> bool:
        self.calls.append(tone)
        return True

    def stop(self) -> None:
        self.calls.append("stop")

    def close(self) -> None:
        self.calls.append("close")


def test_muted_is_silent() -> None:
    heard = Heard()
    played = Sound(heard)
    assert played.play("late")
    played.muted = True
    assert not played.play("due")
    played.stop()
    played.close()
    assert heard.calls == ["late", "stop", "close"]


@pytest.mark.skipif(sys.platform == "win32", reason="winsound plays there")
def test_a_command_plays_and_is_cut_off(tmp_path, monkeypatch) -> None:
    player = tmp_path / "paplay"
    player.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    player.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(sound, "PLAYERS", (("paplay",),))
    played = Sound()
    assert played.available
    assert played.play("due")
    process = played._player._process
    assert process.poll() is None
    assert process.args[-1].endswith("due.wav")
    played.stop()
    assert process.poll() is not None
    assert played.play("late")
    played.close()


def test_without_a_player_it_beeps(qapp, monkeypatch) -> None:
    monkeypatch.setattr(sound, "PLAYERS", ())
    monkeypatch.setattr(sys, "platform", "linux")
    beeps: list[int] = []
    monkeypatch.setattr(sound.QApplication, "beep", lambda: beeps.append(1))
    played = Sound()
    assert not played.available
    assert not played.play("due")
    assert beeps == [1]
    played.close()
