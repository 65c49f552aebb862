/**
 * The environment tests give to applications whose environment is not what they are about: empty, but for
 * where Node.js keeps compiled modules, without which each of their threads takes the sources of Heddle apart
 * anew (0.3 s of a core).
 */
const cache = process.env['NODE_COMPILE_CACHE']

export const bareEnv: Readonly<Record<string, string>> =
  cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }
