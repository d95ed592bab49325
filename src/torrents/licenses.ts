/**
 * Licences, by the Hub's identifiers, that let anybody pass on unchanged copies to everybody: permissive, copyleft, Creative
 * Commons (sharing between peers is no commercial use: CC BY-NC 3.0, 4b), open data, and RAIL licences, whose use restrictions travel
 * with the files. Not in it, so that an operator decides: vendors' community licences (llama*, gemma, grok*), research-only and
 * non-transferable ones, `other`, `unknown`, and repos that name none.
 */
export const REDISTRIBUTABLE: ReadonlySet<string> = new Set(
  `
  afl-3.0 agpl-3.0 apache-2.0 artistic-2.0 bigcode-openrail-m bigscience-bloom-rail-1.0 bigscience-openrail-m
  bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear bsl-1.0 c-uda cc cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0
  cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0
  cc-by-nc-sa-4.0 cc-by-nd-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc0-1.0 cdla-permissive-1.0 cdla-permissive-2.0
  cdla-sharing-1.0 creativeml-openrail-m ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 gfdl gpl gpl-2.0
  gpl-3.0 isc lgpl lgpl-2.1 lgpl-3.0 lgpl-lr lppl-1.3c mit mpl-2.0 ms-pl ncsa odbl odc-by ofl-1.1 openmdw-1.0
  openrail openrail++ osl-3.0 pddl postgresql unlicense wtfpl zlib
  `
    .trim()
    .split(/\s+/),
);
