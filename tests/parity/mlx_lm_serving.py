"""Starts mlx-lm's server on the loopback interface and talks to it."""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor


def conversation(python, model, environment):
    """Start the server by the command `python`, ask it several things and return what it answered."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*python, "-m", "mlx_lm.server", "--model", str(model), "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _wait(server, port)
            return list(_answers(port))
        finally:
            server.terminate()


def _wait(server, port):
    """Return once the server listens."""
    for _ in range(600):
        assert server.poll() is None, f"the server ended with {server.returncode}"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the server didn't start within a minute")


def _answers(port):
    """Completions: greedy, drawn, with probabilities; a chat, whole and in pieces; several at once."""
    prompt = {"prompt": "w5 w9 w77", "max_tokens": 12}
    chat = {"messages": [{"role": "user", "content": "w4 w8"}], "max_tokens": 12, "temperature": 0}
    yield _completion(port, prompt | {"temperature": 0})
    yield _completion(port, prompt | {"temperature": 0.7, "seed": 3})
    # The order of the alternatives is that of a partition, and so no promise.
    (choice,) = _completion(port, prompt | {"temperature": 0, "logprobs": True, "top_logprobs": 3})
    yield [sorted([x["id"], x["logprob"]] for x in y["top_logprobs"]) for y in choice["logprobs"]["content"]]
    yield json.loads(_post(port, "/v1/chat/completions", chat))["choices"]
    pieces = _post(port, "/v1/chat/completions", chat | {"stream": True}).splitlines()
    yield [json.loads(x.removeprefix("data: "))["choices"] for x in pieces if x.startswith("data: {")]
    several = [prompt | {"prompt": f"w5 w{i} w77" + " w9" * i, "temperature": 0} for i in range(2, 6)]
    with ThreadPoolExecutor(len(several)) as pool:
        yield list(pool.map(lambda body: _completion(port, body), several))


def _completion(port, body):
    return json.loads(_post(port, "/v1/completions", body))["choices"]


def _post(port, path, body):
    """The text of the answer to a request."""
    data, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        raise AssertionError(error.read().decode()) from error
