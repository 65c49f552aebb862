/**
 * The checksum both ends of a body agree on: FNV-1a, 32 bits.
 *
 * Runs in the driver and in the workers of the application.
 */

/** What an empty body has. */
export const emptySum = 0x811c9dc5

/** Goes on with the checksum over further bytes. */
export function addToSum(sum, bytes) {
  let value = sum
  for (const byte of bytes) value = Math.imul(value ^ byte, 0x01000193)
  return value >>> 0
}
