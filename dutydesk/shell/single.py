"""One window for one desk: a second start raises the first."""

from __future__ import annotations

import hashlib
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

PATIENCE_MS = 500


class SingleWindow(QObject):
    """Signals: asked: another start wants to see the window."""

    asked = Signal()

    def __init__(self, home: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = "dutydesk-" + hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]
        self._server: QLocalServer | None = None

    def first(self) -> bool:
        """Whether this is the desk's only window; if not, the one that is there has been asked to come forward."""
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if socket.waitForConnected(PATIENCE_MS):
            socket.write(b"raise")
            socket.waitForBytesWritten(PATIENCE_MS)
            socket.disconnectFromServer()
            return False
        QLocalServer.removeServer(self._name)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._called)
        self._server.listen(self._name)
        return True

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
