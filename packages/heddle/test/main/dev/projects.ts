/** Applications for the tests of development: each answers with a word that is in a file of its own. */

/** Answers with what `word.js` beside it says. */
export const speaking = `import { word } from './word.js'\nexport default (_, response) => response.end(word)`

/** The text of such a file. */
export const word = (text: string): string => `export const word = '${text}'`

/** What makes modules of all files. */
export const manifest = '{ "type": "module" }'

/** One application, `api`. */
export const one = {
  'package.json': manifest,
  'heddle.json': '{ "applications": { "api": { "path": "api" } } }',
  'api/index.js': speaking,
  'api/word.js': word('one')
}

/** Another one beside it, `web` at `/web`, whose word lies outside its directory. */
export const two = {
  ...one,
  'heddle.json': `{ "applications": { "api": { "path": "api" }, "web": { "path": "web" } }, "entrypoint": "api",
    "routes": [{ "path": "/web", "application": "web" }] }`,
  'web/index.js': `import { word } from '../shared/word.js'\nexport default (_, response) => response.end(word)`,
  'shared/word.js': word('shared')
}
