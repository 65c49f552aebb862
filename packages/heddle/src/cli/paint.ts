/** Colours for people, where there are any to see them. Main thread. */
import { styleText } from 'node:util'

/** The styles in use. */
export type Style = 'red' | 'green' | 'yellow' | 'cyan' | 'bold' | 'dim'

/** The text in a style, or plain when the stream is no terminal or NO_COLOR is set. FORCE_COLOR outranks both. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream): string {
  return styleText(style, text, { stream })
}
