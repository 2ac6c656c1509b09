/** vitest's set-up for each test file. Files share a process and what was loaded in it, so that nothing is loaded a hundred times. */
import { afterAll } from "vitest"
import { writeEvidence } from "./evidence.ts"

afterAll(writeEvidence)
