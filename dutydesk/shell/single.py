"""One window for one desk: a second start raises the first."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCryptographicHash, QDir, QObject, Signal

if TYPE_CHECKING:
    from PySide6.QtNetwork import QLocalServer

PATIENCE_MS = 500


class SingleWindow(QObject):
    """Signals: asked: another start wants to see the window."""

    asked = Signal()

    def __init__(self, home: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = "dutydesk-" + _digest(str(home.resolve()))
        self._server: QLocalServer | None = None
        self._stale = False

    def first(self) -> bool:
        """Whether this is the desk's only window; if not, the one that is there has been asked to come forward. Call
        `listen` soon after."""
        if not self._maybe_another():
            return True
        from PySide6.QtNetwork import QLocalSocket

        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if socket.waitForConnected(PATIENCE_MS):
            socket.write(b"raise")
            socket.waitForBytesWritten(PATIENCE_MS)
            socket.disconnectFromServer()
            return False
        self._stale = True
        return True

    def _maybe_another(self) -> bool:
        """Whether a socket of this name is lying there; loading Qt's network costs as much as half the window."""
        return sys.platform == "win32" or Path(QDir.tempPath(), self._name).exists()

    def listen(self) -> None:
        """Be the window that later starts find."""
        from PySide6.QtNetwork import QLocalServer

        if self._stale:
            QLocalServer.removeServer(self._name)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._called)
        self._server.listen(self._name)

    def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def _called(self) -> None:
        if self._server is not None:
            connection = self._server.nextPendingConnection()
            if connection is not None:
                connection.disconnected.connect(connection.deleteLater)
            self.asked.emit()


def _digest(text: str) -> str:
    """The first 16 hex digits of the text's SHA-256; Qt's own, because hashlib loads the whole of OpenSSL."""
    made = QCryptographicHash.hash(text.encode(), QCryptographicHash.Algorithm.Sha256)
    return bytes(made.data()).hex()[:16]
