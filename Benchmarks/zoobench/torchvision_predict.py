"""A user's torchvision script that prints the classes of a picture; measured from its start."""

import json
import sys

import torch
import torchvision
from PIL import Image

name, weights, photo, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
prepare = torchvision.models.get_model_weights(name).DEFAULT.transforms()
network = torchvision.models.get_model(name, weights=None)
network.load_state_dict(torch.load(weights, weights_only=True))
network.eval()
with torch.inference_mode():
    image = prepare(Image.open(photo).convert("RGB")).unsqueeze(0)
    probabilities, indices = network(image).softmax(1)[0].topk(5)
top = [
    {"index": index, "probability": probability}
    for index, probability in zip(indices.tolist(), probabilities.tolist())
]
print(json.dumps({"results": [{"image": photo, "top": top}]}))
