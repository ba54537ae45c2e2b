// N guests through this project's stack: `our-stack.ts N [FOLDER]`; with FOLDER the result stays there.
import { buildApp } from "../../stacks/app";
import { quietStacks } from "../../stacks/quiet-stacks";
import { generatedLab } from "../generate";
import { report } from "./measured-synthesis";

const [count, folder] = process.argv.slice(2);
const lab = generatedLab(Number(count));
report((outdir) => {
  if (!process.env.LAB_STACK_TRACES) quietStacks();
  buildApp([{ lab }], { outdir }).synth();
}, folder);
