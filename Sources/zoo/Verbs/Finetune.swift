import ModelZoo
import ZooArguments

struct FinetuneVerb: Verb {
  let name = "finetune"
  let summary = "train a model on your own pictures"
  let discussion = """
    Replaces the head with one for the classes in DIR and trains it. By default the backbone is \
    frozen: its features are computed once per picture, and after the first epoch only the head \
    costs time.

    The folder RUN gets best.h5, the model of the best epoch; log.csv and curves.svg, the course of \
    the training; pictures.csv, the part of every picture; run.json, the options; and last.h5, from \
    which --resume continues bit for bit. Ctrl-C saves the run and stops it after the current step.

    --test keeps pictures for a test, --group-by keeps the pictures of a patient in one part, and \
    --folds cross-validates: RUN then gets a run for each fold, folds.json and folds.csv.
    """
  let examples: KeyValuePairs = [
    "zoo finetune resnet18 --data ants-and-bees -o run": "train a new head for two classes",
    "zoo finetune resnet18 --data ants-and-bees -o run2 --freeze layer1 --augment standard":
      "train all but layer1, with augmentation",
    "zoo finetune resnet18 --data smears -o run3 --folds 5 --group-by '{group}_*'":
      "five folds, each patient in one of them",
    "zoo predict run/best.h5 ant.jpg": "use the result",
  ]
  let resume = Flag("--resume", help: "continue the run in RUN")

  var arguments: [any Argument] {
    Learning.modelAndData + [Learning.output, resume]
  }
  var groups: [ArgumentGroup] { Learning.groups }

  func run(_ input: Parsed) throws {
    let zoo = try input.zoo()
    let options = try Learning.options(input)
    let model = try Learning.beginning(input[Common.model], options, in: zoo)
    try Learning.run(
      model, data: Learning.place(input), judges: Learning.judges(input), options,
      in: input[Learning.output], resuming: input[resume], input)
  }
}

struct TrainVerb: Verb {
  let name = "train"
  let summary = "train from a recipe"
  let discussion = """
    A recipe is a JSON object with “model” (with “scratch”, a variant), “data” and any options of \
    'zoo finetune' under their names. Its paths are relative to its folder. The run.json of an \
    earlier run is a recipe too. --data and --seed override the recipe.
    """
  let examples: KeyValuePairs = [
    "zoo train Recipes/resnet20.json -o run": "reproduce published weights"
  ]
  let recipe = Positional<String>(
    "RECIPE", help: "recipe, or the run.json of a run", completion: .files(endings: ["json"]))
  let data = Option<String?>(
    "--data", value: "DIR", help: "data set to use instead of the recipe's", completion: .folders)
  let resume = Flag("--resume", help: "continue the run in RUN")
  var arguments: [any Argument] { [recipe, Learning.output, data, resume] }

  func run(_ input: Parsed) throws {
    let zoo = try input.zoo()
    let recipe = try Recipe(contentsOf: input[recipe])
    var options = recipe.options
    if input.isGiven(Common.seed) { options.seed = try input[Common.seed] }
    let model = try Learning.beginning(recipe.model, options, in: zoo)
    let given = try input[data].map { Learning.DataPlace(path: $0, annotations: nil) }
    let own = Learning.DataPlace(path: recipe.data, annotations: recipe.annotations)
    try Learning.run(
      model, data: given ?? own, judges: recipe.judges, options,
      in: input[Learning.output], resuming: input[resume], input)
  }
}
