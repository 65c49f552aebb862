/**
 * The style and the script of the page that shows a failure in development. Constants: nothing of a failure gets in.
 *
 * Edge thread.
 */

/** Light and dark, wide and narrow. Colours have a contrast of at least 4.5 to 1. */
export const pageStyle = `
:root{--ground:#fbfaf8;--raised:#fff;--text:#1d1b18;--quiet:#6a645b;--line:#e2ddd4;--bad:#b3261e;--mark:#fdeceb;--edge:#b3261e}
@media (prefers-color-scheme:dark){:root{--ground:#161513;--raised:#1f1d1a;--text:#ece8e1;--quiet:#a49c90;--line:#36322c;--bad:#ff9a8f;--mark:#3b1f1c;--edge:#ff9a8f}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:60rem;margin:0 auto;padding:clamp(1rem,5vw,4rem) clamp(1rem,4vw,2rem)}
p,h1,h2,dl,dd,ol,figure,pre{margin:0}
.what{color:var(--quiet)}
.what strong{color:var(--text)}
.status{display:inline-block;padding:0 .5em;margin-right:.35em;border-radius:.3em;background:var(--bad);color:var(--ground);font-weight:600}
h1{margin:.75rem 0 1.75rem;font-size:clamp(1.15rem,1rem + 1.2vw,1.6rem);line-height:1.35;font-weight:600;overflow-wrap:anywhere}
.name{color:var(--bad)}
.code{font:.8em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;color:var(--quiet)}
.message{display:block;max-height:14em;overflow:auto;white-space:pre-wrap}
h2{font-size:.85rem;font-weight:600;color:var(--quiet);margin:2rem 0 .5rem}
figure{border:1px solid var(--line);border-radius:.5rem;background:var(--raised);overflow:hidden}
figcaption{padding:.6rem 1rem;font:.85rem ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;color:var(--quiet);overflow-wrap:anywhere}
figcaption:not(:last-child){border-bottom:1px solid var(--line)}
pre{overflow-x:auto;padding:.5rem 0;font:.875rem/1.6 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;tab-size:4}
pre code{display:inline-block;min-width:100%;font:inherit}
.line{display:block;padding:0 1rem;border-left:3px solid transparent;color:inherit;background:none}
mark.line{background:var(--mark);border-left-color:var(--edge)}
.marker{background:var(--mark);border-left-color:var(--edge);color:var(--bad);font-weight:700}
.number{color:var(--quiet);user-select:none;padding-right:.75rem}
ol{list-style:none;padding:0;font:.875rem/1.6 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
li{padding:.1rem 0;overflow-wrap:anywhere}
.call{font-weight:600}
.place{color:var(--quiet)}
.dependency .call,.runtime .call{color:var(--quiet);font-weight:400}
details{margin-top:.75rem}
summary{cursor:pointer;color:var(--quiet);font-size:.875rem}
:focus-visible{outline:2px solid var(--edge);outline-offset:2px}
footer{margin-top:2.5rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--quiet);font-size:.875rem}
footer dl{display:flex;flex-wrap:wrap;gap:.1rem 1.5rem;margin:.75rem 0}
footer dl div{display:flex;gap:.5rem;min-width:0}
footer dd{color:var(--text);overflow-wrap:anywhere;min-width:0}
#state.lost{color:var(--bad)}
`

/**
 * Looks twice a second, and seldom while nobody sees it. What was sent by a form is not sent a second time: the page
 * only says that it may be. A place far to the right is shown first.
 */
export const pageScript = `
const { version, path, reload } = document.body.dataset
const state = document.getElementById('state')
const said = state.textContent
let timer
let isLooking = false
function say(text, lost) {
  if (state.textContent !== text) state.textContent = text
  state.classList.toggle('lost', lost)
}
async function look() {
  if (isLooking) return
  isLooking = true
  clearTimeout(timer)
  try {
    const answer = await fetch(path, { cache: 'no-store', credentials: 'omit' })
    const now = (await answer.json()).version
    if (typeof now === 'string' && now !== version) {
      if (reload === 'true') return location.reload()
      return say('The code has changed and runs: send the request again.', false)
    }
    say(said, false)
  } catch {
    say('The server does not answer at the moment.', true)
  }
  isLooking = false
  timer = setTimeout(look, document.hidden ? 5000 : 500)
}
const mark = document.querySelector('.marker b')
const pre = mark?.closest('pre')
if (pre && mark.offsetLeft > pre.clientWidth - 40) pre.scrollLeft = mark.offsetLeft - pre.clientWidth / 2
document.addEventListener('visibilitychange', () => { if (!document.hidden) look() })
timer = setTimeout(look, 500)
`
