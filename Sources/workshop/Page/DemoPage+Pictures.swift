import ModelZoo

/// Pictures for each task: a class, boxes, areas.
extension DemoPage {
  var pictures: PageSection {
    get throws {
      PageSection(
        "Classes, boxes, areas",
        notes: [
          """
          A classifier predicts one class for the whole picture, a detector a box around each object, a \
          segmenter a class for every pixel.
          """,
          """
          <code>zoo predict</code> does all three, depending on the checkpoint, and draws the results \
          with <code>--draw</code>.
          """,
        ], body: try drawings)
    }
  }

  private var drawings: Markup {
    get throws {
      let word: [Markup] = try tour.word.results.map { result in
        let path = try image(of: result)
        let rows: [Markup] = (result["top"]?.list ?? []).map { guess in
          """
          <tr><th scope="row">\(guess["class"]?.string ?? "")</th>\
          <td class="bar"><i style="width:\(width(guess))%;background:\(colour(guess))"></i></td>\
          <td class="number">\(percent(guess["probability"]?.number ?? 0))</td></tr>

          """
        }
        return """
          <div class="word">
          \(try drawing(tour.word, path, alt: "the picture and its most probable classes"))
          <div><h3>Class</h3>
          <p class="note">\(tour.word.model)</p>
          <table class="plain bars"><tbody>\(rows)</tbody></table></div>
          </div>

          """
      }
      let rows: [Markup] = try zip(tour.boxes.results, tour.areas.results).map { found, covered in
        let path = try image(of: found)
        return """
          <figure>\(try .image(Picture(contentsOf: path), alt: "the picture", longest: 320))</figure>
          <figure>\(try drawing(tour.boxes, path, alt: "the boxes found in it"))\
          <figcaption>\(words(found["detections"]?.list, "score"))</figcaption></figure>
          <figure>\(try drawing(tour.areas, path, alt: "the areas found in it"))\
          <figcaption>\(words(covered["classes"]?.list, "fraction"))</figcaption></figure>

          """
      }
      return """
        \(word)<div class="scenes">
        <h3>Picture<small>composed of garments</small></h3>
        <h3>Boxes<small>\(tour.boxes.model)</small></h3>
        <h3>Areas<small>\(tour.areas.model)</small></h3>
        \(rows)</div>

        """
    }
  }

  private func image(of result: JSON) throws -> String {
    guard let path = result["image"]?.string else {
      throw ZooError.corrupt("a result of zoo predict names no picture")
    }
    return path
  }

  private func drawing(
    _ predictions: Tour.Predictions, _ path: String, alt: String
  ) throws -> Markup {
    try .image(predictions.drawing(of: path), alt: alt, longest: 480)
  }

  /// A coloured dot before each item, `bag 97 %`; items below one percent are left out.
  private func words(_ found: [JSON]?, _ key: String) -> [Markup] {
    let found = found ?? []
    let background = found.first { $0["class"]?.string == "background" }?["index"]?.integer
    let shown = found.filter { ($0[key]?.number ?? 0) >= 0.01 }
    let words: [Markup] = shown.map { thing in
      """
      <span><i style="background:\(colour(thing, background))"></i>\(thing["class"]?.string ?? "") \
      \(decimal(100 * (thing[key]?.number ?? 0), digits: 0)) %</span>

      """
    }
    return words.isEmpty ? ["nothing found"] : words
  }

  private func width(_ guess: JSON) -> String {
    decimal(100 * (guess["probability"]?.number ?? 0), digits: 1)
  }

  /// The colour used in the drawings.
  private func colour(_ thing: JSON, _ background: Int? = nil) -> String {
    let index = thing["index"]?.integer ?? 0
    if index == background { return "transparent" }
    return Colour.palette(of: index + 1, background: background)[index].css
  }
}
