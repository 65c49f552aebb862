/** Tests what an edge remembers of the ways the requests of a connection went. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { KnownLinks } from '../../src/edge/known-links.ts'

/** A link that writes down what it is told. */
class Told {
  isLost = false
  readonly peers: string[] = []

  dismiss(peer: string): void {
    this.peers.push(peer)
  }
}

test('KnownLinks tells each link once', () => {
  const links = new KnownLinks()
  const [one, other] = [new Told(), new Told()]
  for (const link of [one, other, one]) links.add(link)
  links.dismiss('a peer')
  assert.deepEqual([one.peers, other.peers], [['a peer'], ['a peer']])
})

test('KnownLinks does not grow with the workers that come and go', () => {
  const links = new KnownLinks()
  const stays = new Told()
  links.add(stays)
  for (let i = 0; i < 100; i++) {
    const link = new Told()
    links.add(link)
    link.isLost = true
  }
  assert.equal(links.size, 2)
  links.dismiss('a peer')
  assert.deepEqual(stays.peers, ['a peer'])
})
