/** Reading the machine from a fake root directory. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { defaultEdgeThreads, defaultWorkers, heapShare } from '../../../src/config/machine/budget.ts'
import { readMachine } from '../../../src/config/machine/machine.ts'

const mebibyte = 1024 ** 2
const totalBytes = 8 * 1024 * mebibyte

function fakeRoot(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'heddle-machine-'))
  t.after(() => rmSync(root, { recursive: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

const machines: readonly [
  string,
  Readonly<Record<string, string>>,
  { cpus: number; memoryLimitBytes: number | null }
][] = [
  ['nothing where there are no control groups', {}, { cpus: 8, memoryLimitBytes: null }],
  [
    'version 2 in its own namespace',
    {
      'proc/self/cgroup': '0::/\n',
      'sys/fs/cgroup/cpu.max': '150000 100000\n',
      'sys/fs/cgroup/memory.max': '536870912\n'
    },
    { cpus: 2, memoryLimitBytes: 512 * mebibyte }
  ],
  [
    'version 2 without limits',
    {
      'proc/self/cgroup': '0::/user.slice\n',
      'sys/fs/cgroup/user.slice/cpu.max': 'max 100000\n',
      'sys/fs/cgroup/user.slice/memory.max': 'max\n'
    },
    { cpus: 8, memoryLimitBytes: null }
  ],
  [
    'the tightest limit on the way up in version 2',
    {
      'proc/self/cgroup': '0::/pods/one\n',
      'sys/fs/cgroup/pods/one/cpu.max': '600000 100000\n',
      'sys/fs/cgroup/pods/cpu.max': '300000 100000\n',
      'sys/fs/cgroup/pods/one/memory.max': '1073741824\n',
      'sys/fs/cgroup/pods/memory.max': '2147483648\n'
    },
    { cpus: 3, memoryLimitBytes: 1024 * mebibyte }
  ],
  [
    'half a CPU as one',
    { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '50000 100000\n' },
    { cpus: 1, memoryLimitBytes: null }
  ],
  [
    'version 1 with the path of the host, which the container does not see',
    {
      'proc/self/cgroup': '7:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/\n',
      'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '250000\n',
      'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '268435456\n'
    },
    { cpus: 3, memoryLimitBytes: 256 * mebibyte }
  ],
  [
    'version 1 with cpu mounted apart, unlimited',
    {
      'proc/self/cgroup': '2:cpuacct:/\n1:cpu:/\n4:memory:/x\n0::/\n',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      'sys/fs/cgroup/memory/x/memory.limit_in_bytes': '9223372036854771712\n'
    },
    { cpus: 8, memoryLimitBytes: null }
  ],
  [
    'a quota above the affinity as the affinity',
    { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '6400000 100000\n' },
    { cpus: 8, memoryLimitBytes: null }
  ]
]

for (const [name, files, expected] of machines) {
  test(`readMachine() reads ${name}`, t => {
    assert.deepEqual(readMachine({ root: fakeRoot(t, files), affinity: 8, totalBytes }), expected)
  })
}

test('readMachine() reads this machine', () => {
  const { cpus, memoryLimitBytes } = readMachine()
  assert.ok(Number.isInteger(cpus) && cpus >= 1)
  assert.ok(memoryLimitBytes === null || memoryLimitBytes > 0)
})

test('defaultWorkers() leaves a CPU for the planes', () => {
  assert.deepEqual([1, 2, 4, 16].map(defaultWorkers), [1, 1, 3, 15])
})

test('defaultEdgeThreads() is one up to four CPUs, then one for every four', () => {
  assert.deepEqual([1, 4, 5, 8, 9, 16].map(defaultEdgeThreads), [1, 1, 2, 2, 3, 4])
})

test('heapShare() divides four fifths less the planes, and says when that is too little', () => {
  assert.deepEqual(heapShare(512 * mebibyte, 2), {
    oldGenerationMb: 137,
    youngGenerationMb: 19,
    isShort: false
  })
  assert.deepEqual(heapShare(8192 * mebibyte, 2), {
    oldGenerationMb: 3180,
    youngGenerationMb: 48,
    isShort: false
  })
  assert.deepEqual(heapShare(128 * mebibyte, 4), { oldGenerationMb: 28, youngGenerationMb: 4, isShort: true })
})
