/** What a worker offers to whoever looks into it, called in this thread. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { diagnosisKey } from '../../src/channel/diagnosis.ts'
import type { OfferDiagnosis, ProfilePlan } from '../../src/channel/diagnosis.ts'
import { offerDiagnosis } from '../../src/worker/inspect.ts'

offerDiagnosis()
const offer: OfferDiagnosis = Reflect.get(globalThis, Symbol.for(diagnosisKey))

function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

function plan(type: ProfilePlan['type']): ProfilePlan {
  return { type, intervalUs: 1000, wantedUntilMs: now() + 60_000, keptUntilMs: now() + 60_000 }
}

function fetchAll(): unknown {
  const { value: pieces } = JSON.parse(offer.stopProfile()) as { readonly value: number }
  assert.ok(pieces > 0)
  return JSON.parse(Array.from({ length: pieces }, (_, index) => offer.takePiece(index)).join(''))
}

test('startProfile() takes the place of a recording nobody has fetched', () => {
  assert.equal(offer.startProfile(plan('heap')), '{"value":null}')
  assert.equal(offer.startProfile(plan('cpu')), '{"value":null}')
  const profile = fetchAll()
  assert.ok(typeof profile === 'object' && profile !== null && 'nodes' in profile)
  // It is forgotten with its last piece.
  assert.match(offer.stopProfile(), /"failure":"failed".*no profile is being recorded/)
})

test('what comes too late is not done', () => {
  assert.match(offer.startProfile({ ...plan('cpu'), wantedUntilMs: now() - 1 }), /"failure":"late"/)
  assert.match(offer.writeSnapshot('/nowhere/file', now() - 1), /"failure":"late"/)
  assert.match(offer.openInspector(0, now() - 1), /"failure":"late"/)
  assert.match(offer.stopProfile(), /no profile is being recorded/)
})

test('writeSnapshot() says why a file cannot be written', () => {
  assert.match(offer.writeSnapshot('/nowhere/file', now() + 60_000), /"failure":"failed".*ENOENT/)
})

test('an application can neither replace what is offered nor find it by its name', () => {
  assert.throws(() => {
    Object.defineProperty(globalThis, Symbol.for(diagnosisKey), { value: null })
  }, TypeError)
  assert.ok(Object.isFrozen(offer))
  assert.ok(!Object.keys(globalThis).includes(diagnosisKey))
})
