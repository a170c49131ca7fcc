import ModelZoo

/// The style of the page: paper and ink, one colour, and little else.
enum Style {
  /// The colour of the first class in all drawings.
  private static let accent = Colour(ofClass: 0)

  static func css(_ colour: Colour, lightness: Double = 1) -> String {
    let levels = [colour.red, colour.green, colour.blue].map { Int(Double($0) * lightness + 0.5) }
    return "rgb(\(levels.map { "\($0)" }.joined(separator: " ")))"
  }

  static let sheet = """
    :root {
      color-scheme: light dark;
      --paper: #fff; --wash: #f7f7f5; --ink: #1b1d21; --soft: #656b75; --line: #e5e6e3;
      --other: #8b919b;
      --accent: \(css(accent)); --accent-text: \(css(accent, lightness: 0.78));
      --accent-levels: \(accent.red) \(accent.green) \(accent.blue); --other-levels: 128 134 145;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --paper: #131518; --wash: #1b1e22; --ink: #eceae6; --soft: #9aa0aa; --line: #2b2f35;
        --other: #868d98; --accent-text: var(--accent);
      }
    }
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; }
    body {
      margin: 0; background: var(--paper); color: var(--ink);
      font: 16px/1.55 Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue",
        sans-serif;
      font-variant-numeric: tabular-nums;
    }
    main, header, footer { max-width: 1080px; margin: 0 auto; padding: 0 24px; }
    header { padding-top: 72px; padding-bottom: 40px; }
    .mark { font-weight: 700; letter-spacing: -0.02em; color: var(--accent-text); margin: 0 0 28px; }
    h1 {
      font-size: clamp(34px, 5.4vw, 58px); line-height: 1.06; letter-spacing: -0.032em;
      font-weight: 650; margin: 0 0 24px; max-width: 15em; text-wrap: balance;
    }
    .lead { font-size: clamp(17px, 1.7vw, 20px); color: var(--soft); max-width: 36em; margin: 0; }
    .lead b { color: var(--ink); font-weight: 500; }
    .figures {
      display: grid; grid-template-columns: repeat(3, 1fr); gap: 24px; margin: 48px 0 0; padding: 0;
    }
    .figures div { border-top: 2px solid var(--line); padding-top: 14px; }
    .figures .ours { border-color: var(--accent); }
    .figures dt { font-size: 15px; line-height: 1.45; color: var(--soft); max-width: 19em; }
    .figures dd {
      margin: 0 0 4px; font-size: clamp(30px, 4.4vw, 46px); line-height: 1.15; font-weight: 600;
      letter-spacing: -0.03em;
    }
    .figures .ours dd { color: var(--accent-text); }
    section {
      display: grid; grid-template-columns: 208px minmax(0, 1fr); gap: 16px 48px;
      padding: 56px 0; border-top: 1px solid var(--line);
    }
    h2 { font-size: 20px; line-height: 1.25; letter-spacing: -0.015em; margin: 0 0 8px; font-weight: 620; }
    .aside { position: sticky; top: 32px; align-self: start; }
    .aside p { margin: 0 0 10px; color: var(--soft); font-size: 14px; line-height: 1.5; }
    .aside .whom { color: var(--accent-text); font-weight: 500; }
    h3 { font-size: 15px; margin: 0 0 8px; font-weight: 620; }
    .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 44px 40px; align-items: start; }
    figure { margin: 0; min-width: 0; }
    figcaption { color: var(--soft); font-size: 14px; line-height: 1.45; margin-bottom: 14px; }
    figcaption b { display: block; color: var(--ink); font-weight: 620; font-size: 15px; }
    svg { display: block; width: 100%; height: auto; overflow: visible; }
    \(LineChart.style)
    table { border-collapse: collapse; width: 100%; font-size: 14.5px; }
    th { text-align: left; font-weight: 500; }
    thead th, thead td { color: var(--soft); font-size: 13px; font-weight: 400; }
    .plain th, .plain td { padding: 8px 18px 8px 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
    .plain th:last-child, .plain td:last-child { padding-right: 0; }
    .plain .number { text-align: right; }
    .plain .ours { color: var(--accent-text); font-weight: 600; }
    .plain small { color: var(--soft); font-size: inherit; }
    .metrics { margin-top: 48px; }
    .scroll { overflow-x: auto; }
    .confusions { display: grid; gap: 22px; }
    .confusion { table-layout: fixed; border-spacing: 3px; border-collapse: separate; margin: -3px; }
    .confusion caption { text-align: left; font-weight: 620; font-size: 14px; color: var(--soft); padding: 0 3px 2px; }
    .confusion.ours caption { color: var(--accent-text); }
    .confusion th, .confusion td { padding: 9px 12px; font-size: 14px; }
    .confusion thead th, .confusion thead td { padding-top: 2px; padding-bottom: 2px; font-size: 12.5px; }
    .confusion .axes, .confusion tbody th { padding-left: 3px; }
    .confusion tbody th { font-size: 13px; color: var(--soft); font-weight: 400; }
    .confusion tbody td { border-radius: 5px; background: rgb(var(--levels) / calc(0.08 + 0.5 * var(--share))); }
    .confusion.ours { --levels: var(--accent-levels); }
    .confusion.other { --levels: var(--other-levels); }
    .confusion b { font-weight: 620; }
    .confusion small { font-size: 12.5px; margin-left: 4px; opacity: 0.75; white-space: nowrap; }
    .examples { display: grid; grid-template-columns: repeat(auto-fill, minmax(62px, 1fr)); gap: 16px 12px; margin-bottom: 40px; }
    .examples:last-child { margin-bottom: 0; }
    .examples figcaption { font-size: 12px; line-height: 1.35; margin: 6px 0 0; }
    .examples figcaption b { font-size: 12.5px; font-weight: 500; }
    img { display: block; width: 100%; height: auto; border-radius: 5px; }
    .pixels { image-rendering: pixelated; }
    .note { color: var(--soft); font-size: 14px; margin: 0 0 16px; max-width: 40em; }
    .word { display: grid; grid-template-columns: 200px 1fr; gap: 32px; align-items: center; margin-bottom: 44px; }
    .scenes { display: grid; grid-template-columns: repeat(3, 1fr); gap: 22px 16px; }
    .scenes h3 small { display: block; font-weight: 400; color: var(--soft); font-size: 13px; overflow-wrap: anywhere; }
    .scenes img, .word img { aspect-ratio: 1; object-fit: cover; object-position: top; }
    .scenes figcaption { margin: 7px 0 0; font-size: 12.5px; }
    .scenes span { white-space: nowrap; margin-right: 10px; }
    .scenes i {
      display: inline-block; width: 8px; height: 8px; border-radius: 50%; margin-right: 5px;
      border: 1px solid var(--line);
    }
    .bars .bar { width: 60%; }
    .bars i { display: block; height: 6px; border-radius: 3px; min-width: 1px; }
    .bars .number { width: 1%; }
    pre {
      margin: 0; padding: 20px 22px; background: var(--wash); border-radius: 8px; overflow-x: auto;
      font: 13px/1.75 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Liberation Mono",
        monospace;
    }
    pre i { font-style: normal; color: var(--soft); user-select: none; }
    code { font: 0.9em ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
    footer { padding-top: 32px; padding-bottom: 72px; color: var(--soft); font-size: 14px; border-top: 1px solid var(--line); }
    @media (max-width: 860px) {
      section { grid-template-columns: minmax(0, 1fr); padding: 44px 0; gap: 24px; }
      .aside { position: static; }
      .aside p { max-width: 36em; }
      .aside p:last-child { margin-bottom: 0; }
    }
    @media (max-width: 620px) {
      main, header, footer { padding-left: 20px; padding-right: 20px; }
      header { padding-top: 40px; padding-bottom: 32px; }
      .mark { margin-bottom: 20px; }
      .figures { grid-template-columns: 1fr; gap: 20px; margin-top: 32px; }
      .pair { grid-template-columns: minmax(0, 1fr); gap: 40px; }
      .word { grid-template-columns: 128px 1fr; gap: 20px; margin-bottom: 32px; }
      .scenes { gap: 16px 8px; }
      .scenes figcaption { font-size: 11px; line-height: 1.35; }
      .wide { display: none; }
      .plain th, .plain td { padding-right: 12px; font-size: 13.5px; }
      .plain th { white-space: normal; overflow-wrap: anywhere; }
      pre { padding: 16px; margin: 0 -20px; border-radius: 0; font-size: 12px; }
    }
    @media print { section { break-inside: avoid; } }
    """
}
