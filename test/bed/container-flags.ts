/** How a container is started that runs an engine of its own: the capabilities of this machine in, flags of `docker run` out. */
import { readFileSync } from "node:fs";

/** By number. Source: linux/capability.h */
const CAPABILITIES = `CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
  NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE
  SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL
  SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`.split(
  /\s+/,
);

/** `--privileged` where it can be had, which is where nothing is missing; otherwise everything else, one by one. */
export function engineFlags(): string[] {
  const last = Number(readFileSync("/proc/sys/kernel/cap_last_cap", "utf8"));
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/1/status", "utf8"))?.[1] ?? "0";
  return flagsFor(BigInt(`0x${bounding}`), last);
}

/** @param bounding the set as in /proc/…/status @param last the highest capability that the kernel knows */
export function flagsFor(bounding: bigint, last: number): string[] {
  const missing = CAPABILITIES.filter((_, number) => number <= last && ((bounding >> BigInt(number)) & 1n) === 0n);
  if (missing.length === 0) return ["--privileged"];
  return [
    "--cap-add=ALL",
    ...missing.map((name) => `--cap-drop=${name}`),
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
    "--security-opt=systempaths=unconfined",
    "--device-cgroup-rule=a *:* rwm",
  ];
}
