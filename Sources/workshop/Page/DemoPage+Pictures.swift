import ModelZoo

/// One picture for each task: a word, boxes, areas.
extension DemoPage {
  var picturesText: [Markup] {
    [
      """
      A classifier gives a word for the whole picture, a detector a box around each thing, a segmenter
      a class for every pixel.
      """,
      """
      <code>zoo predict</code> tells the three apart by the checkpoint, and draws them with
      <code>--draw</code>.
      """,
    ]
  }

  var pictures: Markup {
    get throws {
      let word: [Markup] = try tour.word.results.map { result in
        let path = try image(of: result)
        let rows: [Markup] = (result["top"]?.list ?? []).map { guess in
          """
          <tr><th scope="row">\(guess["class"]?.string ?? "")</th>\
          <td class="number">\(percent(guess["probability"]?.number ?? 0))</td></tr>

          """
        }
        return """
          <div class="word">
          \(try drawing(tour.word, path, alt: "the picture and its likeliest classes"))
          <div><h3>A word</h3>
          <p class="note">\(tour.word.model)</p>
          <table class="plain"><tbody>\(rows)</tbody></table></div>
          </div>

          """
      }
      let rows: [Markup] = try zip(tour.boxes.results, tour.areas.results).map { found, covered in
        let path = try image(of: found)
        return """
          <figure>\(try .image(contentsOf: path, alt: "the picture", kind: "pixels"))</figure>
          <figure>\(try drawing(tour.boxes, path, alt: "the boxes found in it"))\
          <figcaption>\(words(found["detections"]?.list, "score"))</figcaption></figure>
          <figure>\(try drawing(tour.areas, path, alt: "the areas found in it"))\
          <figcaption>\(words(covered["classes"]?.list, "fraction"))</figcaption></figure>

          """
      }
      return """
        \(word)<div class="scenes">
        <h3>Picture<small>laid out from garments</small></h3>
        <h3>Boxes<small>\(tour.boxes.model)</small></h3>
        <h3>Areas<small>\(tour.areas.model)</small></h3>
        \(rows)</div>

        """
    }
  }

  private func image(of result: JSON) throws -> String {
    guard let path = result["image"]?.string else {
      throw ZooError.corrupt("an answer of zoo predict names no picture")
    }
    return path
  }

  private func drawing(
    _ predictions: Tour.Predictions, _ path: String, alt: String
  ) throws -> Markup {
    try .image(contentsOf: predictions.drawing(of: path), alt: alt, kind: "drawn")
  }

  /// `bag 97 %, shoe 88 %`.
  private func words(_ found: [JSON]?, _ key: String) -> String {
    let words = (found ?? []).map { thing in
      "\(thing["class"]?.string ?? "") \(decimal(100 * (thing[key]?.number ?? 0), digits: 0)) %"
    }
    return words.isEmpty ? "nothing found" : words.joined(separator: ", ")
  }
}
