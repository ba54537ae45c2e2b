// N guests through this project's stack: `our-stack.ts N [FOLDER [PLACE]]`; with FOLDER the result stays there, with
// PLACE (JSON) the lab is at that place.
import { buildApp } from "../../stacks/app";
import { quietStacks } from "../../stacks/quiet-stacks";
import { generatedLab, type Place } from "../generate";
import { report } from "./measured-synthesis";

const [count, folder, place] = process.argv.slice(2);
const lab = generatedLab(Number(count), place === undefined ? undefined : (JSON.parse(place) as Place));
report((outdir) => {
  if (!process.env.LAB_STACK_TRACES) quietStacks();
  buildApp([{ lab }], { outdir }).synth();
}, folder);
