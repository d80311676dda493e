#!/usr/bin/env python3
"""bench_ui.py [--fsplab ./fsplab] [--seconds 10]: what the screens cost, measured on a pseudo-terminal.

Runs a small study of synthetic images in a folder of its own and attaches front ends to it. Prints one line a figure:
time to the first frame, key to screen, bytes a second, CPU at rest, the study's own cost of serving, and steps made with
0, 1 and 10 front ends and with one whose terminal is stopped, in turns.
"""
import argparse, fcntl, json, os, pty, select, shutil, signal, statistics, struct, subprocess, sys, tempfile, termios, time

INI = """
[bench]
dataset = synth
data_dir = data
train_limit = 600
test_limit = 100
batch = 20
threads = 1
teacher = res8
student = res8
teacher_steps = 10
transfer_steps = 1000000
finetune_steps = 10
transfer_lr = 1e-6
lambda = 1e-4
checkpoint_steps = 100000
search = grid
"""

class Front:
    """One front end on a pseudo-terminal."""
    def __init__(self, fsplab, words, w, h, term="xterm-256color"):
        self.began = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM=term, LANG="C.UTF-8", LC_ALL="C.UTF-8")
            os.execv(fsplab, [fsplab] + words)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", h, w, 0, 0))
    def read(self, timeout):
        if not select.select([self.fd], [], [], max(0, timeout))[0]:
            return b""
        try:
            return os.read(self.fd, 65536)
        except OSError:
            return b""
    def until(self, text, timeout=10):
        end, seen = time.monotonic() + timeout, b""
        while text not in seen and time.monotonic() < end:
            seen += self.read(end - time.monotonic())
        return time.monotonic() if text in seen else None
    def bytes_in(self, seconds, rate=None):
        end, n = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            got = len(self.read(end - time.monotonic()))
            n += got
            if rate and got:
                time.sleep(got / rate)
        return n
    def quiet(self):
        while self.read(0.3):
            pass
    def key(self, k):
        os.write(self.fd, k)
    def cpu(self):
        return cpu_of(self.pid)
    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)

def cpu_of(pid, task=None):
    path = f"/proc/{pid}/task/{task}/stat" if task else f"/proc/{pid}/stat"
    fields = open(path).read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

def status(fsplab):
    return json.loads(subprocess.run([fsplab, "ctl", "bench", "status", "--json"], capture_output=True, text=True).stdout)

def steps_in(fsplab, pid, seconds):
    """Steps made, and the main thread's share of the study's CPU time."""
    a, c0, m0, t0 = status(fsplab)["step"], cpu_of(pid), cpu_of(pid, pid), time.monotonic()
    time.sleep(seconds)
    b, c1, m1, t1 = status(fsplab)["step"], cpu_of(pid), cpu_of(pid, pid), time.monotonic()
    return (b - a) / (t1 - t0), (m1 - m0) / max(1e-9, c1 - c0)

def drain(fronts, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ready = select.select([f.fd for f in fronts], [], [], end - time.monotonic())[0] if fronts else time.sleep(seconds)
        for fd in ready or []:
            os.read(fd, 65536)

def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--fsplab", default="./fsplab")
    ap.add_argument("--seconds", type=float, default=10)
    ap.add_argument("--rounds", type=int, default=3)
    o = ap.parse_args()
    fsplab = os.path.abspath(o.fsplab)
    work = tempfile.mkdtemp()
    os.chdir(work)
    os.environ["XDG_STATE_HOME"] = work
    open("experiments.ini", "w").write(INI)
    try:
        subprocess.run([fsplab, "data", "synth", "data/synth", "--train", "1000", "--test", "200"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([fsplab, "run", "bench", "--detach"], check=True, stdout=subprocess.DEVNULL)
        while status(fsplab)["stage"] != "transfer":
            time.sleep(0.1)
        pid = status(fsplab)["pid"]
        time.sleep(2)

        times = []
        for _ in range(7):
            f = Front(fsplab, ["attach", "bench"], 80, 24)
            t = f.until(b"trial 1")
            times.append(1000 * (t - f.began) if t else float("nan"))
            f.close()
        print(f"first frame                     {statistics.median(times):8.1f} ms median of 7 (at most {max(times):.1f})")

        f = Front(fsplab, ["attach", "bench"], 200, 60)
        f.until(b"trial 1")
        times = []
        for i in range(20):
            f.bytes_in(0.15)
            t0 = time.monotonic()
            f.key(b"5" if i % 2 == 0 else b"1")
            t = f.until(b"what" if i % 2 == 0 else b"FSP matrices", 2)
            times.append(1000 * (t - t0) if t else float("nan"))
        f.close()
        print(f"key to screen, 200x60           {statistics.median(times):8.1f} ms median of 20 (at most {max(times):.1f})")

        for w, h in ((80, 24), (200, 60)):
            f = Front(fsplab, ["attach", "bench"], w, h)
            f.until(b"trial 1")
            f.bytes_in(2)
            c0, n = f.cpu(), f.bytes_in(o.seconds)
            print(f"Run screen that changes, {w:3}x{h}  {n / o.seconds / 1000:8.2f} kB/s, {100 * (f.cpu() - c0) / o.seconds:.2f} % of a core")
            f.close()

        f = Front(fsplab, ["attach", "bench"], 80, 24)
        f.until(b"trial 1")
        f.bytes_in(3, rate=12500)
        times = []
        for i in range(6):
            t0 = time.monotonic()
            f.key(b"5" if i % 2 == 0 else b"1")
            seen = b""
            while (b"what" if i % 2 == 0 else b"loss, ") not in seen and time.monotonic() - t0 < 10:
                part = f.read(1)
                seen += part
                time.sleep(len(part) / 12500)
            times.append(1000 * (time.monotonic() - t0) + 300)
        f.close()
        print(f"key to screen at 100 kbit/s     {statistics.median(times):8.1f} ms median of 6, 300 ms of them the line's delay")

        scenes = {"none": 0, "one": 1, "ten": 10, "stopped terminal": 1}
        got = {name: [] for name in scenes}
        for _ in range(o.rounds):
            for name, n in scenes.items():
                fronts = [Front(fsplab, ["attach", "bench"], 80, 24) for _ in range(n)]
                if name == "stopped terminal":
                    for g in fronts:
                        g.until(b"trial 1")
                    got[name].append(steps_in(fsplab, pid, o.seconds))  # nobody reads its terminal
                else:
                    reader = os.fork()
                    if reader == 0:
                        drain(fronts, o.seconds + 5)
                        os._exit(0)
                    got[name].append(steps_in(fsplab, pid, o.seconds))
                    os.kill(reader, signal.SIGKILL)
                    os.waitpid(reader, 0)
                for g in fronts:
                    g.close()
        for name, rows in got.items():
            rates, shares = [r[0] for r in rows], [r[1] for r in rows]
            print(f"study with front ends: {name:16} {statistics.median(rates):7.2f} steps/s ({min(rates):.2f} to {max(rates):.2f}), "
                  f"serving {100 * statistics.median(shares):.2f} % of its CPU time")

        subprocess.run([fsplab, "ctl", "bench", "pause"], check=True, stdout=subprocess.DEVNULL)
        f = Front(fsplab, ["attach", "bench"], 200, 60)
        f.until(b"paused")
        f.bytes_in(2)
        c0 = f.cpu()
        n = f.bytes_in(o.seconds)
        print(f"at rest (paused), 200x60        {100 * (f.cpu() - c0) / o.seconds:8.2f} % of a core, {n / o.seconds:.0f} bytes/s")
        f.close()
    finally:
        subprocess.run([fsplab, "ctl", "bench", "stop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(work, ignore_errors=True)

if __name__ == "__main__":
    main()
