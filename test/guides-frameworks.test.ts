/** The guides of the frameworks and of what changes for an application, one test for each section. */
import { follow } from './guides/follow.ts'

follow('docs/frameworks.md', 'docs/threads.md')
