/** Reading what is in use of a machine again and again, from a directory that stands for its root. */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { MachineReader } from '../../../src/config/machine/machine-use.ts'
import type { MachineUse } from '../../../src/config/machine/machine-use.ts'
import { fakeRoot, writeFiles } from './fake-root.ts'
import type { Files } from './fake-root.ts'

const mebibyte = 1024 ** 2
const totalBytes = 8 * 1024 * mebibyte

const second: Files = {
  'proc/self/cgroup': '0::/pods/one\n',
  'proc/pressure/memory': 'some avg10=9.00 avg60=0 avg300=0 total=0\n',
  'proc/pressure/cpu': 'some avg10=8.00 avg60=0 avg300=0 total=0\n',
  'sys/fs/cgroup/pods/one/cpu.max': '150000 100000\n',
  'sys/fs/cgroup/pods/one/cpu.stat':
    'usage_usec 3000000\nnr_periods 10\nnr_throttled 4\nthrottled_usec 250000\n',
  'sys/fs/cgroup/pods/one/cpu.pressure': 'some avg10=1.50 avg60=0 avg300=0 total=0\n',
  'sys/fs/cgroup/pods/one/memory.pressure':
    'some avg10=2.50 avg60=0 avg300=0 total=0\nfull avg10=0.50 avg60=0 avg300=0 total=0\n',
  'sys/fs/cgroup/pods/one/memory.max': String(512 * mebibyte),
  'sys/fs/cgroup/pods/one/memory.current': String(300 * mebibyte),
  'sys/fs/cgroup/pods/one/memory.stat': `inactive_file ${40 * mebibyte}\nactive_file ${10 * mebibyte}\n`
}

const first: Files = {
  'proc/self/cgroup': '7:cpuacct:/docker/x\n6:cpu:/docker/x\n4:memory:/docker/x\n0::/\n',
  'proc/pressure/memory': 'some avg10=9.00 avg60=0 avg300=0 total=0\n',
  'sys/fs/cgroup/unified/cpu.pressure': 'some avg10=3.00 avg60=0 avg300=0 total=0\n',
  'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '200000\n',
  'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
  'sys/fs/cgroup/cpu/cpu.stat': 'nr_periods 5\nnr_throttled 1\nthrottled_time 9000000\n',
  'sys/fs/cgroup/cpuacct/cpuacct.usage': '4000000000\n',
  'sys/fs/cgroup/memory/memory.limit_in_bytes': String(256 * mebibyte),
  'sys/fs/cgroup/memory/memory.usage_in_bytes': String(200 * mebibyte),
  'sys/fs/cgroup/memory/memory.stat': `total_inactive_file ${20 * mebibyte}\ntotal_active_file ${5 * mebibyte}\n`
}

const table: readonly [string, Files, Partial<MachineUse>][] = [
  [
    'version 2',
    second,
    {
      cpuMs: 3000,
      throttling: { periods: 10, throttled: 4, throttledMs: 250 },
      cpuPressure: { some: 1.5, full: 0 },
      memoryPressure: { some: 2.5, full: 0.5 },
      memory: {
        limitBytes: 512 * mebibyte,
        usedBytes: 260 * mebibyte,
        freeBytes: 262 * mebibyte,
        isContainer: true
      }
    }
  ],
  [
    'version 1 beside an empty version 2',
    first,
    {
      cpuMs: 4000,
      throttling: { periods: 5, throttled: 1, throttledMs: 9 },
      cpuPressure: { some: 3, full: 0 },
      memoryPressure: { some: 9, full: 0 },
      memory: {
        limitBytes: 256 * mebibyte,
        usedBytes: 180 * mebibyte,
        freeBytes: 81 * mebibyte,
        isContainer: true
      }
    }
  ],
  [
    'the group above when that has less left',
    {
      ...second,
      'sys/fs/cgroup/pods/memory.max': String(1024 * mebibyte),
      'sys/fs/cgroup/pods/memory.current': String(1000 * mebibyte)
    },
    {
      memory: {
        limitBytes: 1024 * mebibyte,
        usedBytes: 1000 * mebibyte,
        freeBytes: 24 * mebibyte,
        isContainer: true
      }
    }
  ],
  [
    'the whole machine without limits',
    {
      'proc/self/status': 'Cpus_allowed_list:\t0-1\n',
      'proc/stat': 'cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 100 0 0 0 0 0 0 0 0 0\ncpu1 50 0 0 0 0 0 0 0 0 0\n',
      'proc/meminfo': 'MemTotal: 1024 kB\nMemAvailable: 256 kB\n'
    },
    {
      cpuMs: 1500,
      throttling: null,
      cpuPressure: null,
      memoryPressure: null,
      memory: {
        limitBytes: mebibyte,
        usedBytes: 768 * 1024,
        freeBytes: 256 * 1024,
        isContainer: false
      }
    }
  ],
  [
    'the machine when a group says its limit and not its use',
    {
      'proc/self/cgroup': '0::/\n',
      'sys/fs/cgroup/memory.max': String(64 * mebibyte),
      'proc/meminfo': 'MemTotal: 1024 kB\nMemAvailable: 1024 kB\n'
    },
    { memory: { limitBytes: mebibyte, usedBytes: 0, freeBytes: mebibyte, isContainer: false } }
  ]
]

for (const [name, files, expected] of table) {
  test(`MachineReader reads ${name}`, t => {
    const reader = new MachineReader({ root: fakeRoot(t, files), affinity: 8, totalBytes })
    assert.partialDeepStrictEqual(reader.use(), expected)
  })
}

test('MachineReader says something where nothing can be read', t => {
  const reader = new MachineReader({ root: fakeRoot(t, {}), affinity: 8, totalBytes })
  const { cpuMs, memory, ...rest } = reader.use()
  assert.ok(cpuMs > 0)
  assert.equal(memory.limitBytes, totalBytes)
  assert.ok(memory.freeBytes <= totalBytes && !memory.isContainer)
  assert.deepEqual(rest, { throttling: null, cpuPressure: null, memoryPressure: null })
})

test('MachineReader follows a container that is resized, and files that go', t => {
  const root = fakeRoot(t, second)
  const reader = new MachineReader({ root, affinity: 8, totalBytes })
  assert.partialDeepStrictEqual(reader.limits, { cpus: 1.5, memoryLimitBytes: 512 * mebibyte })
  writeFiles(root, {
    'sys/fs/cgroup/pods/one/cpu.max': '400000 100000\n',
    'sys/fs/cgroup/pods/one/memory.max': String(1024 * mebibyte)
  })
  assert.equal(reader.limits.cpus, 1.5)
  assert.partialDeepStrictEqual(reader.refresh(), { cpus: 4, memoryLimitBytes: 1024 * mebibyte })
  assert.equal(reader.use().memory.limitBytes, 1024 * mebibyte)
  rmSync(join(root, 'sys'), { recursive: true })
  assert.equal(reader.use().throttling, null)
  assert.partialDeepStrictEqual(reader.refresh(), { cpus: 8, memoryLimitBytes: null, quotaGroup: null })
  assert.deepEqual(reader.use().memoryPressure, { some: 9, full: 0 })
})

test('MachineReader reads this machine', () => {
  const reader = new MachineReader()
  const { memory, cpuMs } = reader.use()
  assert.ok(reader.limits.cpus > 0)
  assert.ok(memory.limitBytes > 0 && memory.freeBytes <= memory.limitBytes)
  assert.ok(cpuMs > 0)
})
