/** How much a run tries. `PROOF_SCALE=20` asks for twenty times as much as an ordinary run, `PROOF_SCALE=0.1` for a tenth. */
const given = process.env["PROOF_SCALE"]
export const scale = given === undefined || given === "" ? 1 : Number(given)
if (!(scale > 0)) throw new Error(`PROOF_SCALE must be a positive number, not ${JSON.stringify(given)}`)

/** `usual` in an ordinary run, more or less in others; never less than `least`. */
export const amount = (usual: number, least = 1): number => Math.max(least, Math.round(usual * scale))
