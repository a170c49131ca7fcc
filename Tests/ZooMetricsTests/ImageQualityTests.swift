import Testing
import ZooKit
import ZooMetrics
import ZooStore

@Suite struct ImageQualityTests {
  @Test(arguments: Golden.all.quality)
  func equalsScikitImage(_ golden: Golden.Quality) throws {
    let (a, b) = golden.inputs
    let quality = try ImageQuality(
      a, b, channels: golden.channels, height: golden.height, width: golden.width,
      range: golden.range)
    #expect(isClose(quality.meanSquaredError, golden.mse))
    #expect(isClose(quality.psnr, golden.psnr))
    #expect(isClose(try quality.ssim(), golden.ssim))
    #expect(isClose(try quality.ssim(.gaussian), golden.gaussian))
  }

  @Test func theSamePicture() throws {
    let samples = (0..<121).map { Float($0) }
    let quality = try ImageQuality(samples, samples, channels: 1, height: 11, width: 11, range: 255)
    #expect(quality.meanSquaredError == 0 && quality.psnr == .infinity)
    #expect(isClose(try quality.ssim(), 1))
    #expect(isClose(try quality.ssim(.gaussian), 1))
  }

  @Test func refusals() throws {
    let samples = [Float](repeating: 0, count: 36)
    #expect(throws: ZooError.self) {
      try ImageQuality(samples, samples, channels: 1, height: 6, width: 7, range: 1)
    }
    #expect(throws: ZooError.self) {
      try ImageQuality(samples, samples, channels: 1, height: 6, width: 6, range: 0)
    }
    let small = try ImageQuality(samples, samples, channels: 1, height: 6, width: 6, range: 1)
    #expect(
      throws: ZooError.failure("structural similarity needs 7 pixels each way, not 6×6")
    ) { try small.ssim() }
  }
}
