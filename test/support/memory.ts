/** Memory that is really held: measured after a full garbage collection. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes in buffers of this process. */
export function heldBufferBytes(): number {
  collect();
  return process.memoryUsage().arrayBuffers;
}

/** Bytes of heap and buffers of this process. */
export function heldBytes(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
