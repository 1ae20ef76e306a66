/** Reads the arguments of the benchmark's own small programs, which are all numbers. */

/** The argument at this position, counted from 0; throws when the program was started without it. */
export function numberArgument(position: number): number {
  const number = Number(process.argv[position + 2]);
  if (Number.isNaN(number)) throw new Error(`argument ${position} is not a number: ${process.argv[position + 2]}`);
  return number;
}
