/** Tests of the templates: what is escaped, and what leaves nothing behind. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { html, toText } from '../../storefront/html.ts'

test('html escapes values in text and in attributes', () => {
  const name = `<script>"Ada" & 'Bob'</script>`
  const page = toText(html`<a title="${name}">${name}</a>`)
  const safe = '&lt;script&gt;&quot;Ada&quot; &amp; &#39;Bob&#39;&lt;/script&gt;'
  assert.equal(page, `<a title="${safe}">${safe}</a>`)
})

test('html keeps templates within templates and joins lists', () => {
  const items = ['a', '<b>'].map(item => html`<i>${item}</i>`)
  assert.equal(toText(html`<p>${items}</p>`), '<p><i>a</i><i>&lt;b&gt;</i></p>')
})

test('html writes numbers, zero too, and nothing for null, undefined and false', () => {
  assert.equal(toText(html`[${0}${null}${undefined}${false}${[]}]`), '[0]')
})
