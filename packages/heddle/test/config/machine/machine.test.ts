/** Reading the machine from a fake root directory. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { defaultEdgeThreads, defaultWorkers, heapShare } from '../../../src/config/machine/budget.ts'
import { readMachine } from '../../../src/config/machine/machine.ts'
import { fakeRoot } from './fake-root.ts'

const mebibyte = 1024 ** 2
const totalBytes = 8 * 1024 * mebibyte

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
    'memory.high as a limit',
    {
      'proc/self/cgroup': '0::/\n',
      'sys/fs/cgroup/memory.max': '536870912\n',
      'sys/fs/cgroup/memory.high': '268435456\n'
    },
    { cpus: 8, memoryLimitBytes: 256 * mebibyte }
  ],
  [
    'version 1 below a limit it does not see',
    {
      'proc/self/cgroup': '4:memory:/docker/abc\n',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
      'sys/fs/cgroup/memory/memory.stat': 'cache 1\nhierarchical_memory_limit 134217728\n'
    },
    { cpus: 8, memoryLimitBytes: 128 * mebibyte }
  ],
  [
    'the CPUs of a cpuset',
    { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpuset.cpus.effective': '2-4\n' },
    { cpus: 3, memoryLimitBytes: null }
  ],
  [
    'the CPUs of a cpuset of version 1',
    { 'proc/self/cgroup': '3:cpuset:/x\n', 'sys/fs/cgroup/cpuset/x/cpuset.effective_cpus': '0,2\n' },
    { cpus: 2, memoryLimitBytes: null }
  ],
  [
    'the CPUs its thread may run on',
    { 'proc/self/status': 'Name:\tnode\nCpus_allowed:\t3f\nCpus_allowed_list:\t0-5\n' },
    { cpus: 6, memoryLimitBytes: null }
  ],
  [
    'hybrid groups: version 2 without controllers',
    {
      'proc/self/cgroup': '4:memory:/x\n1:cpu:/x\n0::/y\n',
      'sys/fs/cgroup/cpu/x/cpu.cfs_quota_us': '50000\n',
      'sys/fs/cgroup/cpu/x/cpu.cfs_period_us': '50000\n',
      'sys/fs/cgroup/memory/x/memory.limit_in_bytes': '268435456\n',
      'sys/fs/cgroup/unified/y/cgroup.procs': '1\n'
    },
    { cpus: 1, memoryLimitBytes: 256 * mebibyte }
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
