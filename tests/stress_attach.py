#!/usr/bin/env python3
"""stress_attach.py [--cycles 1000] [--fsplab ./fsplab]: front ends come and go, and the study does not notice.

Attaches and leaves in turn by d, by hang-up, by kill -9 in mid-frame and with a terminal that is never read, over mixed
terminals and sizes, with a resize storm now and then. Fails when the study process has gained descriptors, memory or
children, when a step is missing from its record, or when a front end is left behind or spins.
"""
import argparse, fcntl, os, random, shutil, signal, sqlite3, struct, subprocess, sys, tempfile, termios, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bench_ui import Front, INI, cpu_of, status

TERMS = ["xterm-256color", "tmux-256color", "xterm", "vt100", "linux", "screen-256color"]
SIZES = [(80, 24), (100, 30), (160, 45), (200, 60), (20, 5), (61, 17)]
LEAVE = ["d", "hangup", "kill", "unread", "storm"]

def rss(pid):
    return int([l for l in open(f"/proc/{pid}/status") if l.startswith("VmRSS")][0].split()[1])

def wait_gone(pid, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got, _ = os.waitpid(pid, os.WNOHANG)
        if got:
            return True
        time.sleep(0.005)
    return False

def cycle(fsplab, rng):
    w, h = rng.choice(SIZES)
    how = rng.choice(LEAVE)
    f = Front(fsplab, ["attach", "bench"] + (["--readonly"] if rng.random() < 0.2 else []), w, h, rng.choice(TERMS))
    f.read(2) if how != "unread" else time.sleep(0.05)
    if how == "storm":
        for _ in range(30):
            fcntl.ioctl(f.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rng.randint(1, 70), rng.randint(1, 220), 0, 0))
        f.read(0.05)
    for k in rng.sample([b"1", b"2", b"4", b"5", b"0", b"?", b"\x1b", b"g", b"T"], 3):
        f.key(k)
    if how == "kill":
        os.kill(f.pid, signal.SIGKILL)
    elif how in ("hangup", "unread"):
        os.close(f.fd)
    else:
        f.key(b"\x1b")
        f.bytes_in(0.06)
        f.key(b"d")
        end = time.monotonic() + 5
        while time.monotonic() < end and f.read(0.02):
            pass
    gone = wait_gone(f.pid)
    if not gone:
        print(f"left behind: {how} {w}x{h}, {cpu_of(f.pid):.2f} s of CPU")
        os.kill(f.pid, signal.SIGKILL)
        os.waitpid(f.pid, 0)
    if how in ("kill", "d", "storm"):
        os.close(f.fd)
    return gone

def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--fsplab", default="./fsplab")
    ap.add_argument("--cycles", type=int, default=1000)
    o = ap.parse_args()
    fsplab, work, rng, bad = os.path.abspath(o.fsplab), tempfile.mkdtemp(), random.Random(1), 0
    os.chdir(work)
    os.environ["XDG_STATE_HOME"] = work
    open("experiments.ini", "w").write(INI)
    try:
        subprocess.run([fsplab, "data", "synth", "data/synth", "--train", "1000", "--test", "200"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([fsplab, "run", "bench", "--detach"], check=True, stdout=subprocess.DEVNULL)
        while status(fsplab)["stage"] != "transfer":
            time.sleep(0.1)
        pid = status(fsplab)["pid"]
        for _ in range(20):
            cycle(fsplab, rng)
        time.sleep(1)
        fds, memory = len(os.listdir(f"/proc/{pid}/fd")), rss(pid)
        for i in range(o.cycles):
            bad += not cycle(fsplab, rng)
        time.sleep(1)
        fds1, memory1 = len(os.listdir(f"/proc/{pid}/fd")), rss(pid)
        subprocess.run([fsplab, "ctl", "bench", "pause"], check=True, stdout=subprocess.DEVNULL)
        s = status(fsplab)
        steps = [r[0] for r in sqlite3.connect("runs/bench/study.db").execute(
            "select v.step from value v join series s on v.series = s.id where s.key = 'loss' and s.stage = 'transfer' order by v.step")]
        missing = s["step"] - len(set(steps))
        print(f"{o.cycles} cycles: {bad} front ends left behind; study: descriptors {fds} -> {fds1}, resident {memory} -> {memory1} kB, "
              f"{s['step']} steps, {missing} missing from the record, {s['clients']} clients now")
        bad += fds1 > fds or memory1 > memory * 1.05 + 2000 or missing != 0
    finally:
        subprocess.run([fsplab, "ctl", "bench", "stop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(work, ignore_errors=True)
    sys.exit(1 if bad else 0)

if __name__ == "__main__":
    main()
