/** A process whose every text is written to be taken for something else: for markup, for a template, for the end of a script. */
import * as Schema from "effect/Schema"
import { orderProcess } from "order-lifecycle"

/** Text that HTML, Markdown and a script would each read in their own way. */
export const awkward = `</script><script>alert("1")</script> <img src=x onerror=alert(1)> & &amp; "quoted" 'single' {{ 1 + 1 }} | *bold* [link](x) \`tick`

const words = (code: string) => ({ code, message: `${code}: ${awkward}`, remedy: `Remedy: ${awkward}` })

export const awkwardProcess = orderProcess("awkward.process-1", {
  data: Schema.Struct({
    "</script>": Schema.optionalKey(Schema.String.annotate({ description: awkward })),
    shape: Schema.Struct({ "a|b": Schema.Literals(["`", "``", awkward]) })
  }),
  initial: { shape: { "a|b": "`" } }
})
  .status("waiting", { description: awkward, like: "confirmed", but: { startSubscription: words("WAITING") } })
  .command("wait", {
    description: `Waits. ${awkward}`,
    payload: Schema.Struct({ "why not?": Schema.String.annotate({ description: awkward }), who: Schema.String }),
    personal: ["who"],
    event: "order.made_to_wait",
    from: { confirmed: "waiting" },
    otherwise: words("NOT_WAITABLE")
  })
  .guard("isWorthIt", { before: "wait", holds: () => true, refusal: words("NOT_WORTH_IT") })
  .due("waitsAtLast", {
    when: { status: "confirmed" },
    after: "P1DT12H",
    command: "wait",
    payload: { "why not?": awkward, who: "`" }
  })
  .rows("shop.waits", { waited_for: "text" }, () => [])
