/** The files that say what is in use, as recorded on machines and in containers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseAllowedCpus, parseCpuList } from '../../../src/config/machine/cgroup.ts'
import {
  parseBytes,
  parseCpuTimes,
  parseCpuUsage,
  parseMeminfo,
  parseMemoryStat,
  parsePressure,
  parseThrottling
} from '../../../src/config/machine/use.ts'

/** What every parser has to stand. */
const nonsense = ['', '\n', 'max', 'nonsense here', '-1', 'some', 'usage_usec', 'some avg10=x', '\0\0', '🧵']

test('No parser throws at what makes no sense, and none takes it for a number', () => {
  for (const text of nonsense) {
    assert.equal(parsePressure(text), null, JSON.stringify(text))
    assert.equal(parseThrottling(text), null)
    assert.equal(parseCpuUsage(text), null)
    assert.equal(parseBytes(text), null)
    assert.equal(parseMeminfo(text), null)
    assert.equal(parseCpuTimes(text, new Set([0])), null)
    assert.equal(parseCpuList(text), null)
    assert.equal(parseAllowedCpus(text), null)
    assert.deepEqual(parseMemoryStat(text), { inactiveBytes: 0, activeBytes: 0, hierarchyLimitBytes: null })
  }
})

test('parsePressure() reads averages of ten seconds', () => {
  const table: readonly [string, { some: number; full: number } | null][] = [
    [
      'some avg10=83.37 avg60=61.20 avg300=40.01 total=15013530686\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
      { some: 83.37, full: 0 }
    ],
    [
      'some avg10=6.76 avg60=3.23 avg300=1.14 total=83156696\nfull avg10=6.06 avg60=2.93 avg300=1.04 total=48474232\n',
      { some: 6.76, full: 6.06 }
    ],
    // Before Linux 5.13 that of the CPU has no line "full".
    ['some avg10=1.00 avg60=0.00 avg300=0.00 total=1\n', { some: 1, full: 0 }],
    ['full avg10=1.00 avg60=0.00 avg300=0.00 total=1\n', null]
  ]
  for (const [text, expected] of table) assert.deepEqual(parsePressure(text), expected)
})

test('parseThrottling() reads cpu.stat of both versions', () => {
  const table: readonly [string, ReturnType<typeof parseThrottling>][] = [
    [
      'usage_usec 8000000\nuser_usec 6000000\nsystem_usec 2000000\nnr_periods 120\nnr_throttled 30\nthrottled_usec 1500000\nnr_bursts 0\n',
      { periods: 120, throttled: 30, throttledMs: 1500 }
    ],
    [
      'nr_periods 50\nnr_throttled 2\nthrottled_time 70000000\nnr_bursts 0\nburst_time 0\n',
      { periods: 50, throttled: 2, throttledMs: 70 }
    ],
    // The group at the top has no quota.
    ['usage_usec 8000000\nuser_usec 6000000\nsystem_usec 2000000\n', null]
  ]
  for (const [text, expected] of table) assert.deepEqual(parseThrottling(text), expected)
})

test('parseCpuUsage() reads microseconds and nanoseconds', () => {
  assert.equal(parseCpuUsage('usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n'), 1.5)
  assert.equal(parseCpuUsage('2500000\n'), 2.5)
  assert.equal(parseCpuUsage('nr_periods 50\nnr_throttled 2\nthrottled_time 70000000\n'), null)
})

test('parseMemoryStat() finds the caches, with version 1 those of groups below as well', () => {
  assert.deepEqual(parseMemoryStat('anon 1000\nfile 900\ninactive_file 600\nactive_file 300\nslab 7\n'), {
    inactiveBytes: 600,
    activeBytes: 300,
    hierarchyLimitBytes: null
  })
  const first =
    'cache 9\ninactive_file 1\nactive_file 2\nhierarchical_memory_limit 268435456\ntotal_inactive_file 10\ntotal_active_file 20\n'
  assert.deepEqual(parseMemoryStat(first), {
    inactiveBytes: 10,
    activeBytes: 20,
    hierarchyLimitBytes: 268_435_456
  })
})

test('parseMeminfo() reads what there is and what is left', () => {
  const text =
    'MemTotal:       24684096 kB\nMemFree:        20399160 kB\nMemAvailable:   23687328 kB\nBuffers:           45072 kB\n'
  assert.deepEqual(parseMeminfo(text), {
    totalBytes: 24_684_096 * 1024,
    availableBytes: 23_687_328 * 1024
  })
  // Before Linux 3.14 nobody said what is available.
  assert.equal(parseMeminfo('MemTotal: 1 kB\nMemFree: 1 kB\n'), null)
})

test('parseCpuTimes() adds up the work of the CPUs that are asked for', () => {
  const text =
    'cpu  300 30 200 9000 50 10 20 7 0 0\ncpu0 200 20 100 4000 25 5 10 7 0 0\ncpu1 100 10 100 5000 25 5 10 0 0 0\ncpu10 1 0 0 0 0 0 0 0 0 0\nintr 5\n'
  const table: readonly [readonly number[], number | null][] = [
    [[0], 3350],
    [[0, 1], 3350 + 2250],
    [[10], 10],
    [[7], null]
  ]
  for (const [cpus, expected] of table) assert.equal(parseCpuTimes(text, new Set(cpus)), expected)
})

test('parseCpuList() and parseAllowedCpus() read lists of CPUs', () => {
  const table: readonly [string, readonly number[] | null][] = [
    ['0-3\n', [0, 1, 2, 3]],
    ['0', [0]],
    ['1,4-5,7\n', [1, 4, 5, 7]],
    ['3-1', null]
  ]
  for (const [text, expected] of table) {
    assert.deepEqual(parseCpuList(text), expected === null ? null : new Set(expected), JSON.stringify(text))
  }
  assert.deepEqual(parseAllowedCpus('Cpus_allowed:\tc\nCpus_allowed_list:\t2-3\nMems:\t0\n'), new Set([2, 3]))
  assert.ok((parseCpuList('0-99999999999')?.size ?? 0) < 10_000)
})
