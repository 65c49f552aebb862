/**
 * Counts the seconds in which an application was late, of a simulation and of a real run alike. Pure but for its sums.
 */

/** A second is late when more than this part of the requests that came in it took longer than the target. */
const latePart = 0.01

/** Seconds at the start that are not judged: the first worker of any rule is cold. */
const warmUpSeconds = 10

/** An empty one for so many seconds. */
export function createLedger(seconds) {
  const came = new Float64Array(seconds + 1)
  const late = new Float64Array(seconds + 1)
  return {
    /** One request: when it came, when it was answered or `null` for never, in milliseconds, and what was promised. */
    note: (arrivedAt, endedAt, targetMs) => {
      const second = Math.floor(arrivedAt / 1000)
      came[second]++
      if (endedAt === null || endedAt - arrivedAt > targetMs) late[second]++
    },
    requests: () => came.reduce((sum, count) => sum + count, 0),
    /** The seconds that were late. */
    lateSeconds: () =>
      [...came.keys()].filter(second => second >= warmUpSeconds && late[second] > came[second] * latePart)
  }
}
