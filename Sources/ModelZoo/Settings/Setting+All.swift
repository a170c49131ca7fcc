import ZooKit

extension Setting {
  /// All training options, in recipe order.
  public static let all: [Setting] = [
    Setting("scratch", \.scratch, .model, "start from random weights"),
    Setting(
      "head", open: \.head, value: "H", .model,
      "classifier head: the family's own, one linear layer, or one hidden layer; by default the "
        + "checkpoint's kind, or linear if its head is untrained; a linear layer that is the "
        + "family's own has its name there, fc for ResNet"),
    Setting(
      "epochs", open: \.epochs, in: 1...1_000_000, value: "N", .run,
      "passes over the training pictures; by default 10, over frozen features 20, for a detector at least 400 "
        + "steps"),
    Setting(
      "steps", open: \.steps, in: 1...1e9, value: "N", .run,
      "stop after N steps; overrides --epochs"),
    Setting(
      "batch", open: \.batch, in: 1...65_536, value: "N", .run,
      "pictures per batch; by default 32, for a detector its own (YOLO 8, Faster R-CNN 2)"),
    Setting("drop-last", \.dropLast, .run, "drop an epoch's last batch if it is smaller"),
    Setting(
      "repeat", \.repeats, in: 1...1_000_000, value: "N", .run,
      "how often an epoch uses each picture"),
    Setting(
      "window", open: \.window, in: 1...8192, value: "SIDE", .data,
      "side of the square crops to train on, in pixels", for: .only([.segmentation])),
    Setting(
      "size", open: \.size, in: 1...8192, value: "SIDE", .data,
      "side of the input, in pixels; by default the model's own",
      for: .except([.segmentation])),
    Setting(
      "backbone", open: \.backbone, value: "MODEL", .model,
      "checkpoint to take the backbone's weights from", completion: .models, isSearchable: false),
    Setting(
      "accumulate", \.accumulate, in: 1...65_536, value: "N", .run,
      "accumulate the gradients of N batches for each step"),
    Setting(
      "lr", open: \.rate, in: 1e-12...1e6, value: "R", .optimization,
      "peak learning rate; the default depends on the task, the optimiser and what is frozen"),
    Setting("optimizer", \.optimizer, value: "O", .optimization, "optimiser", recorded: always),
    Setting(
      "momentum", open: \.momentum, in: 0...0.9999, value: "M", .optimization,
      "momentum of sgd (0.9 by default) and rmsprop (0)"),
    Setting(
      "weight-decay", open: \.weightDecay, in: 0...10, value: "W", .optimization,
      "weight decay; by default 0.01 for adamw, otherwise 0.0001"),
    Setting(
      "decay-on", \.decayed, value: "D", .optimization,
      "which parameters decay; “weights” leaves out norms and biases"),
    Setting(
      "schedule", \.schedule, value: "S", .optimization, "learning-rate schedule", recorded: always),
    Setting(
      "warmup", open: \.warmup, in: 0...1_000_000, value: "E", .optimization,
      "epochs over which the learning rate warms up; by default 0, for a detector 50 steps"),
    Setting(
      "warmup-steps", open: \.warmupSteps, in: 0...1e9, value: "N", .optimization,
      "warm-up in steps instead of epochs"),
    Setting(
      "layer-decay", \.layerDecay, in: 1e-6...1, value: "F", .optimization,
      "learning rate of a stage as a fraction of the next stage's"),
    Setting(
      "clip", open: \.clip, in: 1e-9...1e9, value: "N", .optimization,
      "clip the global gradient norm to N"),
    Setting(
      "average", open: \.average, in: 0...0.99999, value: "F", .optimization,
      "keep an exponential moving average of the weights, with decay F"),
    Setting(
      "swa", open: \.swa, in: 1...1_000_000, value: "N", .optimization,
      "average the weights at the end of the last N epochs, in which the learning rate stays as it is "
        + "(stochastic weight averaging)"),
    Setting(
      "loss", open: \.loss, value: "L", .data,
      "loss function; by default the task's; regression takes mean-squared and smooth-l1",
      for: .except([.detection])),
    Setting(
      "label-smoothing", \.labelSmoothing, in: 0...0.999, value: "E", .data,
      "label smoothing of the cross-entropy", for: .only([.classification, .segmentation])),
    Setting(
      "class-weights", \.classWeights, value: "W", .data,
      "weights of the classes in the cross-entropy; “balanced” is inverse frequency",
      for: .only([.classification, .detection])),
    Setting(
      "focal-gamma", open: \.focalGamma, in: 0...10, value: "G", .data,
      "exponent of the focal loss: of the loss focal (2 by default), and for a detector of its "
        + "classes and objectness (0 by default)", for: .except([.regression])),
    Setting(
      "focal-alpha", open: \.focalAlpha, in: 0.001...0.999, value: "A", .data,
      "weight of positives in the focal loss; by default 0.25 in the loss focal, and none for a "
        + "detector", for: .except([.regression])),
    Setting(
      "class", open: \.renames, value: "OLD=NEW", .data,
      "another name for a class of the data; classes that get one name are one class",
      isSearchable: false),
    Setting(
      "augment", open: \.augment, value: "A", .data,
      "augmentation: none, flip, light, standard, or steps such as pad-and-crop:4+flip (see "
        + "Documentation/data.md); by default none with a frozen backbone, flip with other frozen "
        + "stages of a detector, else light"),
    Setting(
      "mix", \.mix, value: "M", .data, "mix pairs of pictures", for: .only([.classification])),
    Setting(
      "mean", open: \.mean, in: -1000...1000, value: "M,…", .data,
      "mean of each channel, on a scale of 0 to 1; needs --scratch", isSearchable: false),
    Setting(
      "std", open: \.std, in: 1e-6...1000, value: "S,…", .data,
      "standard deviation of each channel, on the same scale; needs --scratch",
      isSearchable: false),
    fit,
    Setting(
      "freeze", open: \.freeze, value: "STAGE", .model,
      "what to freeze: none, backbone or a stage; STAGE@N unfreezes it at epoch N"),
    Setting(
      "unfreeze-at", open: \.unfreezeAt, in: 1...1_000_000, value: "N", .model,
      "unfreeze everything at epoch N"),
    Setting(
      "norm", \.norm, value: "N", .model,
      "batch norms use running statistics in frozen stages, always (frozen), or never (batch)"),
    Setting(
      "binary", open: \.binary, .data,
      "train a single sigmoid output for one class against the background",
      for: .only([.segmentation])),
    validation,
    Setting(
      "test", open: \.test, in: 0.001...0.9, value: "SHARE", .run,
      "keep this share of the pictures for a test: they neither train nor choose the epoch",
      isSearchable: false),
    Setting(
      "group-by", open: \.groupBy, value: "RULE", .run,
      "keep the pictures of a group in one part: a pattern for file names ({group}_*.png), a table "
        + "(patients.csv:patient), or a column of the data's table", isSearchable: false),
    Setting(
      "folds", open: \.folds, in: 2...1000, value: "K", .run,
      "cross-validate: train K models, each judged by the part that it did not see",
      isSearchable: false),
    Setting(
      "fold", open: \.fold, in: 1...1000, value: "N", .run,
      "train only the model of fold N", isSearchable: false),
    Setting(
      "validate-every", \.validateEvery, in: 1...1_000_000, value: "N", .run,
      "validate every N epochs, and after the last"),
    Setting(
      "patience", open: \.patience, in: 1...1_000_000, value: "N", .run,
      "stop after N epochs without improvement"),
    Setting(
      "save-every", open: \.saveEvery, in: 1...1e9, value: "N", .run,
      "save every N steps, besides after every epoch"),
    Setting(
      "calibrate", \.calibrate, .run,
      "make the probabilities honest on the validation pictures, as 'zoo calibrate' does",
      for: .only([.classification])),
    seed,
  ]

  /// The command line also accepts a data set here, which a recipe names as “validation-data”.
  public static let validation = Setting(
    "validation", open: \.validation, in: 0.001...0.9, value: "SHARE|DIR", .run,
    "validate on this share of the pictures, or on another data set; by default on the data's own "
      + "validation split, else on a fifth", completion: .folders)

  /// Also an option of the verbs that only read pictures.
  public static let fit = Setting(
    "fit", open: \.fit, value: "F", .data,
    "how to fit pictures to the input shape; by default as the checkpoint says")

  /// An option of every verb.
  public static let seed = Setting(
    "seed", \.seed, in: 0...Double.infinity, value: "N", nil, "seed of the random numbers",
    recorded: always)

  private static let always: @Sendable (Finetuning) -> Bool = { _ in true }

  /// - Throws: if there is none; the error suggests similar names.
  static func named(_ name: String) throws -> Setting {
    if let setting = all.first(where: { $0.name == name }) { return setting }
    throw ZooError.usage(
      "no option is called “\(name)”" + suggestion(name, among: all.map(\.name)))
  }
}
