#!/usr/bin/env node
/*
 * Says in one line when this Node.js is too old for Heddle, and runs run.js when it is not.
 *
 * Written for very old versions of Node.js, which have to understand it to be told why they cannot go on:
 * nothing newer than ES5 here, and no import().
 */
var minimum = [22, 19]
// src/cli/exit-codes.ts lists all codes; this file can import nothing of it.
var exitNodeTooOld = 69

var version = process.version.slice(1).split('.')
var major = Number(version[0])
var isTooOld = major < minimum[0] || (major === minimum[0] && Number(version[1]) < minimum[1])

if (isTooOld) {
  process.stderr.write(
    'heddle: Node.js ' + minimum.join('.') + ' or newer is needed; this is ' + process.version + '.\n'
  )
  process.exitCode = exitNodeTooOld
} else {
  // oxlint-disable-next-line import/no-unassigned-import -- import is what an old Node.js does not know.
  require('./run.js')
}
