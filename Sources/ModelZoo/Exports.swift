// A single import for everything: the host, its engine, pictures, formats, the cache, the families,
// training and evaluation.
@_exported import ZooData
@_exported import ZooDetection
@_exported import ZooEngine
@_exported import ZooExplain
@_exported import ZooFetch
@_exported import ZooFormats
@_exported import ZooKit
@_exported import ZooMetrics
@_exported import ZooStore
@_exported import ZooTraining
@_exported import ZooVision
