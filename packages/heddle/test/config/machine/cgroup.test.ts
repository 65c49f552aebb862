/** The files of control groups, as recorded on machines and in containers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  parseCfsQuota,
  parseCgroupPaths,
  parseCpuMax,
  parseMemoryLimit,
  withAncestors
} from '../../../src/config/machine/cgroup.ts'

test('parseCgroupPaths() reads both generations', () => {
  assert.deepEqual(parseCgroupPaths('0::/kubepods/pod1\n'), {
    unified: '/kubepods/pod1',
    byController: new Map()
  })
  assert.deepEqual(
    parseCgroupPaths('5:cpu,cpuacct:/docker/x\n4:memory:/docker/x\n1:name=systemd:/\n0::/\n'),
    {
      unified: '/',
      byController: new Map([
        ['cpu', '/docker/x'],
        ['cpuacct', '/docker/x'],
        ['memory', '/docker/x'],
        ['name=systemd', '/']
      ])
    }
  )
  assert.deepEqual(parseCgroupPaths(''), { unified: null, byController: new Map() })
})

test('parseCpuMax() reads cpu.max', () => {
  const table: readonly [string, number | null][] = [
    ['max 100000\n', null],
    ['150000 100000\n', 1.5],
    ['50000 100000', 0.5],
    ['200000', 2],
    ['', null],
    ['nonsense here', null]
  ]
  for (const [text, expected] of table) assert.equal(parseCpuMax(text), expected, JSON.stringify(text))
})

test('parseCfsQuota() reads cpu.cfs_quota_us and cpu.cfs_period_us', () => {
  assert.equal(parseCfsQuota('-1\n', '100000\n'), null)
  assert.equal(parseCfsQuota('250000\n', '100000\n'), 2.5)
  assert.equal(parseCfsQuota('100000\n', '0\n'), null)
})

test('parseMemoryLimit() takes what no machine could fill for no limit', () => {
  const total = 8 * 1024 ** 3
  const table: readonly [string, number | null][] = [
    ['max\n', null],
    ['536870912\n', 536_870_912],
    ['9223372036854771712\n', null],
    [`${total}\n`, null],
    [`${total - 1}`, total - 1],
    ['0', null],
    ['', null]
  ]
  for (const [text, expected] of table)
    assert.equal(parseMemoryLimit(text, total), expected, JSON.stringify(text))
})

test('withAncestors() lists a path and all above it', () => {
  assert.deepEqual(withAncestors('/a/b'), ['/a/b', '/a', '/'])
  assert.deepEqual(withAncestors('/'), ['/'])
  assert.deepEqual(withAncestors('/../x'), ['/x', '/'])
})
