import ZooTraining
import ZooVision

/// The look of every page: paper and ink, one colour, and little else.
///
/// Colours are variables, so that charts, tables and text turn dark together, and paper is always white.
public enum PageStyle {
  /// The colour of the first class in all drawings.
  private static let accent = Colour(ofClass: 0)

  private static func darkened(_ colour: Colour, to lightness: Double) -> String {
    let levels = [colour.red, colour.green, colour.blue].map { Int(Double($0) * lightness + 0.5) }
    return "rgb(\(levels.map { "\($0)" }.joined(separator: " ")))"
  }

  private static let light = """
    --paper: #fff; --wash: #f7f7f5; --ink: #1b1d21; --soft: #656b75; --line: #e5e6e3;
    --other: #8b919b; --accent-text: \(darkened(accent, to: 0.78));
    """

  static let sheet = """
    :root {
      color-scheme: light dark; \(light)
      --accent: \(accent.css); --accent-levels: \(accent.red) \(accent.green) \(accent.blue);
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --paper: #131518; --wash: #1b1e22; --ink: #eceae6; --soft: #9aa0aa; --line: #2b2f35;
        --other: #868d98; --accent-text: var(--accent);
      }
    }
    @media print { :root { color-scheme: light; \(light) } }
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; }
    body {
      margin: 0; background: var(--paper); color: var(--ink); overflow-wrap: break-word;
      font: 16px/1.55 Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue",
        sans-serif;
      font-variant-numeric: tabular-nums;
      -webkit-print-color-adjust: exact; print-color-adjust: exact;
    }
    main, header, footer { max-width: 1080px; margin: 0 auto; padding: 0 24px; }
    header { padding-top: 72px; padding-bottom: 40px; }
    .mark { font-weight: 700; letter-spacing: -0.02em; color: var(--accent-text); margin: 0 0 28px; }
    h1 {
      font-size: clamp(30px, 5vw, 54px); line-height: 1.08; letter-spacing: -0.032em;
      font-weight: 650; margin: 0 0 24px; text-wrap: balance; overflow-wrap: anywhere;
    }
    .lead { font-size: clamp(16px, 1.7vw, 19px); color: var(--soft); max-width: 38em; margin: 0; }
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
    h3 { font-size: 15px; margin: 0 0 10px; font-weight: 620; }
    h3 small { font-weight: 400; color: var(--soft); font-size: 13px; margin-left: 6px; }
    .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 44px 40px; align-items: start; }
    .pair > figure:only-child { grid-column: 1 / 3; max-width: 460px; }
    figure { margin: 0; min-width: 0; }
    figcaption { color: var(--soft); font-size: 14px; line-height: 1.45; margin-bottom: 14px; }
    figcaption b { display: block; color: var(--ink); font-weight: 620; font-size: 15px; }
    svg { display: block; width: 100%; height: auto; overflow: visible; }
    \(LineChart.style)
    table { border-collapse: collapse; width: 100%; font-size: 14.5px; }
    th { text-align: left; font-weight: 500; }
    thead th, thead td { color: var(--soft); font-size: 13px; font-weight: 400; }
    .plain th, .plain td { padding: 8px 18px 8px 0; border-bottom: 1px solid var(--line); vertical-align: baseline; }
    .plain td, .plain thead th { white-space: nowrap; }
    .plain th:last-child, .plain td:last-child { padding-right: 0; }
    .plain .number { text-align: right; }
    .plain .ours { color: var(--accent-text); font-weight: 600; }
    .plain small { color: var(--soft); font-size: 13px; font-weight: 400; }
    .plain tbody th small { display: block; max-width: 34em; }
    .scroll { overflow-x: auto; }
    .confusion { border-spacing: 3px; border-collapse: separate; margin: -3px; }
    .confusion th, .confusion td { padding: 9px 12px; font-size: 14px; }
    .confusion thead th, .confusion thead td { padding-top: 2px; padding-bottom: 2px; font-size: 12.5px; }
    .confusion thead th { min-width: 56px; max-width: 140px; vertical-align: bottom; }
    .confusion .axes, .confusion tbody th { padding-left: 3px; white-space: nowrap; }
    .confusion tbody th { font-size: 13px; color: var(--soft); font-weight: 400; max-width: 160px; overflow: hidden; text-overflow: ellipsis; }
    .confusion tbody td {
      border-radius: 5px; white-space: nowrap;
      background: rgb(var(--accent-levels) / calc(0.06 + 0.55 * var(--share)));
    }
    .confusion b { font-weight: 620; }
    .confusion small { font-size: 12.5px; margin-left: 4px; opacity: 0.75; }
    .some small, .many small { display: none; }
    .some td, .many td, .some thead th { text-align: right; }
    .confusion .axes { text-align: left; }
    .many { border-spacing: 1px; }
    .many tbody td { padding: 3px 5px; font-size: 12px; border-radius: 3px; }
    .many tbody th { padding: 3px 8px 3px 3px; }
    .many thead th {
      writing-mode: vertical-rl; transform: rotate(180deg); min-width: 0; max-height: 130px;
      padding: 2px 4px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis;
    }
    .tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(108px, 1fr)); gap: 18px 12px; margin-bottom: 40px; }
    .tiles.large { grid-template-columns: repeat(auto-fill, minmax(230px, 1fr)); }
    .tiles.wide { grid-template-columns: minmax(0, 1fr); }
    .tiles:last-child { margin-bottom: 0; }
    .tiles figcaption, .case figcaption { font-size: 12px; line-height: 1.4; margin: 6px 0 0; overflow-wrap: anywhere; }
    .tiles figcaption b, .case figcaption b { font-size: 12.5px; font-weight: 500; }
    .cases { display: grid; grid-template-columns: repeat(auto-fill, minmax(340px, 1fr)); gap: 28px 32px; margin-bottom: 40px; }
    .case { display: grid; grid-template-columns: repeat(3, 1fr); gap: 4px 8px; }
    .case > figcaption { grid-column: 1 / 4; }
    .note { color: var(--soft); font-size: 14px; margin: 0 0 16px; max-width: 44em; }
    .more { color: var(--soft); font-size: 13px; margin: -28px 0 40px; }
    .legend { font-size: 13px; margin: 12px 0 0; color: var(--soft); }
    .shown > .legend { margin: 0 0 18px; }
    .legend span { white-space: nowrap; margin-right: 14px; display: inline-block; max-width: 100%; overflow: hidden; text-overflow: ellipsis; }
    .legend i { display: inline-block; width: 9px; height: 9px; border-radius: 50%; margin-right: 6px; }
    .facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 8px 28px; margin: 0 0 28px; font-size: 14.5px; }
    .facts dt { color: var(--soft); }
    .facts dd { margin: 0; overflow-wrap: anywhere; }
    img { display: block; max-width: 100%; height: auto; border-radius: 5px; }
    .tiles img, .case img { width: 100%; }
    .tiles .photo { max-height: 420px; object-fit: contain; object-position: left top; }
    .tiles:not(.large):not(.wide) .photo, .case .photo { aspect-ratio: 1; object-fit: contain; object-position: center; background: var(--wash); }
    .pixels { image-rendering: pixelated; }
    pre {
      margin: 0 0 24px; padding: 18px 20px; background: var(--wash); border-radius: 8px;
      white-space: pre-wrap; overflow-wrap: anywhere;
      font: 13px/1.7 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Liberation Mono",
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
      .pair > figure:only-child { grid-column: auto; }
      .tiles { grid-template-columns: repeat(3, 1fr); }
      .tiles.large { grid-template-columns: minmax(0, 1fr); }
      .cases { grid-template-columns: minmax(0, 1fr); }
      .facts { grid-template-columns: minmax(0, 1fr); gap: 0; }
      .facts dd { margin-bottom: 10px; }
      .narrow { display: none; }
      .plain th, .plain td { padding-right: 12px; font-size: 13.5px; }
      pre { padding: 16px; margin: 0 -20px 20px; border-radius: 0; font-size: 12px; }
    }
    @page { margin: 14mm; }
    @media print {
      body { font-size: 13px; }
      header { padding-top: 0; }
      main, header, footer { max-width: none; padding-left: 0; padding-right: 0; }
      section { display: block; padding: 24px 0; }
      .aside { position: static; margin-bottom: 14px; break-after: avoid; break-inside: avoid; }
      .pair { grid-template-columns: 1fr 1fr; gap: 24px; }
      figure, tr, .case, .figures div, h3 { break-inside: avoid; }
      h2, h3, figcaption { break-after: avoid; }
      .tiles { grid-template-columns: repeat(6, 1fr); }
      .tiles.large { grid-template-columns: 1fr 1fr; }
      .tiles.wide { grid-template-columns: minmax(0, 1fr); }
      .cases { grid-template-columns: 1fr 1fr; }
      .scroll { overflow: visible; }
    }

    """
}
