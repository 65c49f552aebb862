/**
 * Knows frameworks by the packages an application uses: their names, and which cannot be run as they are.
 *
 * Pure, for any thread.
 */

/** A framework that Heddle runs: its package and its name. */
const runnable: readonly (readonly [string, string])[] = [
  ['@nestjs/core', 'NestJS'],
  ['fastify', 'Fastify'],
  ['hono', 'Hono'],
  ['koa', 'Koa'],
  ['express', 'Express'],
  ['@hapi/hapi', 'hapi'],
  ['restify', 'restify'],
  ['polka', 'Polka'],
  ['h3', 'h3'],
  ['@feathersjs/feathers', 'Feathers'],
  ['@adonisjs/core', 'AdonisJS'],
  ['apollo-server', 'Apollo Server'],
  ['@apollo/server', 'Apollo Server']
]

const ownServer = 'it has a server of its own: give it a file that makes one with its API and calls listen()'
const browser = 'it is built for browsers: build it, and let an application serve the files'

/** Programs that serve by themselves, and what to do about each. */
const unfit: Readonly<Record<string, readonly [name: string, reason: string]>> = {
  next: ['Next.js', 'use a custom server (https://nextjs.org/docs/app/guides/custom-server) as its entry'],
  nuxt: ['Nuxt', 'build it, and name .output/server/index.mjs as its entry'],
  nuxi: ['Nuxt', 'build it, and name .output/server/index.mjs as its entry'],
  vite: ['Vite', browser],
  astro: ['Astro', 'build it with the adapter @astrojs/node, and name dist/server/entry.mjs as its entry'],
  remix: ['Remix', ownServer],
  'remix-serve': ['Remix', 'write a server with @remix-run/express and name that as its entry'],
  'react-router-serve': [
    'React Router',
    'write a server with @react-router/express and name that as its entry'
  ],
  'react-scripts': ['React', browser],
  gatsby: ['Gatsby', browser],
  ng: ['Angular', browser],
  'svelte-kit': [
    'SvelteKit',
    'build it with the adapter @sveltejs/adapter-node, and name build/index.js as its entry'
  ],
  fastify: [
    'fastify-cli',
    'its file exports a plugin, not a server: write one that registers it with Fastify and calls listen()'
  ],
  strapi: ['Strapi', 'write a file that calls createStrapi().start() and name that as its entry'],
  serve: ['serve', 'it serves files only: let an application do that'],
  'http-server': ['http-server', 'it serves files only: let an application do that']
}

/** The framework of an application by the packages it imports, then by those it depends on; `null` when none is known. */
export function frameworkOf(imported: ReadonlySet<string>, depended: ReadonlySet<string>): string | null {
  const own = knownIn(imported)
  if (own !== null) return own
  return imported.has('node:http') || imported.has('node:http2') ? 'node:http' : knownIn(depended)
}

function knownIn(packages: ReadonlySet<string>): string | null {
  return runnable.find(([name]) => packages.has(name))?.[1] ?? null
}

/** Why what a program serves cannot be an application as it is; `null` when the program is none of these. */
export function unfitReason(tool: string): string | null {
  const found = Object.hasOwn(unfit, tool) ? unfit[tool] : undefined
  return found === undefined ? null : `${found[0]} (\`${tool}\`): ${found[1]}`
}
