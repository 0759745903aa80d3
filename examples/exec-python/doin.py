"""The program's side of DOIN's exec protocol, version 1, for Python 3.8 and newer; needs only the standard library.

Subclass Domain, then call serve(domain). Requests are JSON objects, one a line, on standard input; answers go to
standard output the same way. So print to standard error only: the node shows its end when something fails.
"""

import base64
import json
import queue
import sys
import threading


class Refused(Exception):
    """A typed refusal: code is bad-genome, bad-weights, non-finite-result or task-crashed."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Cancelled(Exception):
    """Raised out of report() when the node does not want the result any more."""


class Domain:
    def train(self, genome, seed, max_epochs, early_patience, report):
        """Returns (weights as bytes, epochs). Call report(epoch, max_epochs, loss, validation_loss) often: it is where
        training ends when it is cancelled."""
        raise NotImplementedError

    def synthetic_data(self, seed):
        """Returns bytes that follow from the seed: data, or whatever evaluate needs to make them."""
        raise NotImplementedError

    def evaluate(self, genome, weights, data):
        """Returns (performance, standard error, samples, all outputs as bytes)."""
        raise NotImplementedError

    def predict(self, genome, weights, answer_to):
        raise Refused("task-crashed", "this domain does not predict")


def serve(domain):
    requests = queue.Queue()
    cancelled = set()

    def read():
        for line in sys.stdin:
            request = json.loads(line)
            if request["type"] == "cancel":
                cancelled.add(request["id"])
            else:
                requests.put(request)
        requests.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        request = requests.get()
        if request is None:
            return
        number = request["id"]
        try:
            answer = _answer(domain, request, cancelled)
        except Cancelled:
            answer = {"type": "failed", "code": "task-cancelled", "message": "cancelled"}
        except Refused as refusal:
            answer = {"type": "failed", "code": refusal.code, "message": str(refusal)}
        cancelled.discard(number)
        _send({**answer, "id": number})


def _answer(domain, request, cancelled):
    kind = request["type"]
    if kind == "hello":
        return {"type": "hello", "protocol": 1}
    if kind == "synthetic_data":
        data = domain.synthetic_data(bytes.fromhex(request["seed"]))
        return {"type": "synthetic_data", "data": _text(data)}
    genome = request["genome"]
    if kind == "train":

        def report(epoch, max_epochs, loss, validation_loss):
            if request["id"] in cancelled:
                raise Cancelled()
            progress = {"epoch": epoch, "max_epochs": max_epochs, "loss": loss, "validation_loss": validation_loss}
            _send({"type": "progress", "id": request["id"], **progress})

        limits = (request["max_epochs"], request["early_patience"])
        weights, epochs = domain.train(genome, bytes.fromhex(request["seed"]), *limits, report)
        return {"type": "trained", "weights": _text(weights), "epochs": epochs}
    weights = base64.b64decode(request["weights"])
    if kind == "evaluate":
        data = base64.b64decode(request["data"])
        performance, standard_error, samples, outputs = domain.evaluate(genome, weights, data)
        found = {"performance": performance, "standard_error": standard_error, "samples": samples}
        return {"type": "evaluated", **found, "outputs": _text(outputs)}
    if kind == "predict":
        return {"type": "predicted", "output": domain.predict(genome, weights, request["input"])}
    raise Refused("task-crashed", "unknown request " + kind)


def _text(data):
    return base64.b64encode(data).decode("ascii")


def _send(message):
    # NaN and Infinity are not JSON: better an error here than a line that the node cannot read.
    sys.stdout.write(json.dumps(message, allow_nan=False) + "\n")
    sys.stdout.flush()
