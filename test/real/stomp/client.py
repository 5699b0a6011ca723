# stomp.py, of Debian's python3-stomp. Arguments: port, token, part ("look" or "late"), number of events.
import json
import queue
import sys

import stomp

port, token, part, count = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
came = queue.Queue()


def show(**what):
    print(json.dumps(what), flush=True)


class Listener(stomp.ConnectionListener):
    def on_message(self, frame):
        came.put(frame)

    def on_error(self, frame):
        show(error=frame.headers.get("code"))

    def on_receipt(self, frame):
        show(receipt=frame.headers["receipt-id"])

    def on_disconnected(self):
        came.put(None)


line = stomp.Connection12([("127.0.0.1", port)], heartbeats=(1000, 1000), reconnect_attempts_max=1)
line.set_listener("", Listener())


def enter():
    line.connect("", token, wait=True)
    line.subscribe("/user/events", id="1", ack="client-individual")


def take():
    frame = came.get(timeout=60)
    show(event=frame.body, redelivered=frame.headers.get("redelivered"))
    return frame


def leave():
    line.disconnect(receipt="bye")
    while came.get(timeout=60) is not None:
        pass


try:
    enter()
except stomp.exception.ConnectFailedException:
    sys.exit()
frames = [take() for _ in range(count)]
if part == "late":
    for frame in frames[:-1]:
        line.ack(frame.headers["ack"])
    leave()
    enter()
    line.ack(frames[-1].headers["ack"])
    # an ACK of the session before may still be on its way: its event comes first then
    body = None
    while body != frames[-1].body:
        frame = take()
        line.ack(frame.headers["ack"])
        body = frame.body
leave()
