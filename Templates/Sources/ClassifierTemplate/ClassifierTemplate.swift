import ZooKit

/// Describe the network here: what sets it apart, who published it and when, where to read it, and
/// which table the widths below are from. Name parameters as in the weights that are to fit.
public struct ClassifierTemplate: Architecture {
  public static let name = "ClassifierTemplate"
  public static let paper = "authors and year, where to read it"
  public static let variants = [
    "classifiertemplate": ClassifierTemplate(widths: [64, 128, 256, 256]),
    "classifiertemplate-small": ClassifierTemplate(widths: [32, 64, 128, 128]),
  ]
  public static let miniatures = ["classifiertemplate": ClassifierTemplate(widths: [8, 12, 16])]

  /// Channels of each stage; all but the first halve the map.
  let widths: [Int]

  public func features(_ image: Node) -> Node {
    widths.indices.reduce(image) { x, index in
      x.stage("layer\(index + 1)") {
        $0.scope("layer\(index + 1)") {
          $0.conv("conv", to: widths[index], kernel: 3, stride: 2, padding: 1, bias: false)
            .batchNorm("bn").relu()
        }
      }
    }
  }

  /// The part that depends on the classes.
  public func head(_ features: Node, classes: Int) -> Node {
    features.globalAveragePool("pool").flatten().dense("fc", to: classes)
  }
}

@section("zoo_plugins") @used
private let registration: Registration = { $0.register(ClassifierTemplate.self) }
